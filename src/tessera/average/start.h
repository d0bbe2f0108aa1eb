// SPDX-License-Identifier: GPL-3.0-or-later
// How averaging begins without a reference.
#pragma once

#include "tessera/average/starter.h"

namespace tessera {

// Noise, band limit, equal priors and mask radius of a first iteration; no assignments.
AverageState fresh_state(const ParticleStack& stack, const AverageOptions& options, double outer_radius);

// Classes and poses for the first iteration. "particles": particle_start.h. "auto": the same and, where
// tries_marginal_start, "marginal" in its place if that condenses and explains particles better. "marginal":
// average/marginal_start.h. "random": uniformly random poses in random classes.
// "split": [F] 2.4: an even random split into classes, every particle at the identity, one σ² from one of them.
// initial: one map for each class; all particles are aligned to them and no start is tried.
AverageState start_state(const StartInputs& inputs, ReferenceSet& references, const std::vector<Volume<float>>& initial,
                         ExecContext& context);

}  // namespace tessera
