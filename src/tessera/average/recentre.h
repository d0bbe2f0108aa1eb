// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps the average where its particles are boxed.
#pragma once

#include <vector>

#include "tessera/average/expectation.h"

namespace tessera {

// A reference-free average may settle anywhere: moving the map by c and every shift by −R c changes no likelihood, but
// an average far from the centre pushes particles against the limit of their shifts and leaves its mask. The place c
// (voxels, in the frame of the map) of what lies at the centre of the boxes, the least-squares solution of
// t_i = R_i c over all particles: c = mean of R_iᵀ t_i over the poses of class k, weighted by the posterior.
Vec3 mean_offset(const std::vector<Assignment>& assignments, int class_index);

// Poses of the same particles for the map of class k moved by `by`: x_new = x_ref + by, t_new = t − R by. Shifts longer
// than max_shift are cut to it.
void move_reference(std::vector<Assignment>& assignments, int class_index, Vec3 by, double max_shift);

}  // namespace tessera
