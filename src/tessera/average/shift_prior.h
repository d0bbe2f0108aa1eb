// SPDX-License-Identifier: GPL-3.0-or-later
// The Gaussian prior on how far particles lie from the centres of their boxes.
#pragma once

#include <vector>

#include "tessera/average/maximisation.h"

namespace tessera {

// log of the density of a shift (voxels) whose three coordinates are normal about 0 with standard deviation
// `deviation`: the ζ term of [F] Eq. 15, normalised.
double shift_log_prior(Vec3 shift_voxels, double deviation);

// ζ ([F] Eq. 13): root of the mean square of a coordinate of the shift over the posterior. poses[i]: those of particle
// i, with probabilities that sum to 1. At least `least` voxels: a prior that closes in on 0 would hold every shift
// there.
double shift_deviation(const std::vector<std::vector<WeightedPose>>& poses, double least);

}  // namespace tessera
