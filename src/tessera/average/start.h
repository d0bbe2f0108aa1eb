// SPDX-License-Identifier: GPL-3.0-or-later
// How averaging begins without a reference.
#pragma once

#include "tessera/average/averager.h"
#include "tessera/average/reference_set.h"

namespace tessera {

// Poses for the first iteration. "particles": each of options.starts particles, drawn by the seed, serves as the
// reference for all, a few iterations follow at the initial band limit, and the start with the highest mean squared
// correlation (twice the log-likelihood at the best scale) is kept. "random": uniformly random poses.
// initial: a map; all particles are aligned to it and no start is tried.
AverageState start_state(ParticleStack& stack, const AverageOptions& options, const std::vector<int>& fold_of,
                         int folds, double outer_radius, ReferenceSet& references, const Volume<float>* initial,
                         ExecContext& context);

}  // namespace tessera
