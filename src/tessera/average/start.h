// SPDX-License-Identifier: GPL-3.0-or-later
// How averaging begins without a reference.
#pragma once

#include "tessera/average/reference_set.h"

namespace tessera {

// Noise, band limit, equal priors and mask radius of a first iteration; no assignments.
AverageState fresh_state(const ParticleStack& stack, const AverageOptions& options, double outer_radius);

// Tells the mean adjusted Rand index of the classes that several starts ended in.
void report_agreement(const std::vector<std::vector<int>>& labels, Sink& sink);

// Classes and poses for the first iteration. "particles": for each of options.starts starts, as many particles as there
// are classes, drawn by the seed, serve as references for a sample of
// options.start_particles a class; options.start_iterations follow at the initial band
// limit, and the start with the highest mean squared correlation (twice the log-likelihood at the best scale) is kept.
// "auto": the same, and "marginal" in its place where its particles tell it from noise too badly (average/start.cc) and
// that condenses. "marginal": average/marginal_start.h.
// "random": uniformly random poses in random classes.
// "split": [F] 2.4: an even random split into classes, every particle at the identity, one σ² from one of them.
// initial: one map for each class; all particles are aligned to them and no start is tried.
AverageState start_state(ParticleStack& stack, const AverageOptions& options, const std::vector<int>& fold_of,
                         int folds, double outer_radius, ReferenceSet& references,
                         const std::vector<Volume<float>>& initial, ExecContext& context);

}  // namespace tessera
