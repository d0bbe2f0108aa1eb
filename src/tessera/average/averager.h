// SPDX-License-Identifier: GPL-3.0-or-later
// Reference-free averaging and classification: expectation–maximisation from particles to the maps of classes.
#pragma once

#include <functional>

#include "tessera/average/convergence.h"
#include "tessera/average/noise_control.h"
#include "tessera/average/options.h"

namespace tessera {

struct AverageResult {
  AverageState state;
  std::vector<AverageMaps> maps;  // of each class
  std::string stop_reason;
  std::optional<NoiseControl> noise_control;  // none when no iteration was left to do
};

// Called after each iteration with everything worth saving. Maps of an iteration have the shells that its M-step
// summed; those of the result have all.
using IterationCallback = std::function<void(const AverageState&, const std::vector<AverageMaps>&)>;

// The E- and M-steps of `options.iterations` or until the maps rest. `resume`: continue from a saved state.
// The references of a particle exclude its own fold. `initial`: a map for each class to start from instead of
// options.start.
AverageResult average_particles(ParticleStack& stack, const AverageOptions& options, ExecContext& context,
                                const IterationCallback& after_iteration, const AverageState* resume = nullptr,
                                const std::vector<Volume<float>>& initial = {});

// The averages at given poses and classes (each with probability 1): what perfect alignment would give, with the same
// M-step and filter.
std::vector<AverageMaps> average_at_poses(const ParticleStack& stack, const std::vector<WeightedPose>& poses,
                                          const AverageOptions& options, ExecContext& context);

// Folds that the particles are dealt into: those of the options, at least one for each half-set.
int fold_count(int64_t particles, const AverageOptions& options);

// Which fold each particle belongs to: a permutation keyed by the seed, folds of equal size.
std::vector<int> deal_folds(int64_t count, int folds, uint64_t seed);

// Radius (voxels) of the mask on particles: as large as boxes and shifts allow, or from the options.
double stack_mask_radius(int64_t box, double voxel_size_A, const AverageOptions& options);

}  // namespace tessera
