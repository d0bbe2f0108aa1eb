// SPDX-License-Identifier: GPL-3.0-or-later
// Reference-free averaging of one structure: expectation–maximisation from particles to a map.
#pragma once

#include <functional>
#include <optional>

#include "tessera/average/expectation.h"
#include "tessera/average/options.h"

namespace tessera {

// One line of convergence.json.
struct IterationReport {
  int iteration = 0;
  int64_t band_limit = 0;  // shells used for alignment in this iteration
  double mean_log_likelihood = 0, mean_correlation = 0;
  double effective_candidates = 0;  // mean of exp(entropy of a particle's posterior)
  double mean_rotation_change_deg = 0, mean_shift_change_voxels = 0;
  double map_correlation = 0;  // with the map of the iteration before, inside the mask
  double resolution_A = 0;     // half-set FSC 0.143
  double band_limit_A = 0;
  double mask_radius_A = 0;
  double expectation_seconds = 0, maximisation_seconds = 0, reference_seconds = 0;  // by the clock
  double rotation_core_seconds = 0, translation_core_seconds = 0, refinement_core_seconds = 0;
};

// Everything the next iteration starts from, and what a checkpoint keeps.
struct AverageState {
  int iteration = 0;
  std::vector<Assignment> assignments;   // one per particle
  std::vector<double> noise_variance;    // per shell
  int64_t band_limit = 0;                // shells
  int64_t summed_shells = 0;             // shells of the sums that the next references are made from
  double mask_radius = 0;                // voxels
  std::vector<IterationReport> reports;  // of all iterations so far
};

struct AverageMaps {
  Volume<float> map, half[2];  // map: filtered; halves: not filtered, not masked
  Resolution resolution;
  double resolution_A = 0;
};

struct AverageResult {
  AverageState state;
  AverageMaps maps;
  std::string stop_reason;
};

// Why iterating further is of no use; nothing while it is. Either the map rests: twice a correlation above 0.999 with
// the one before, at the same band limit; or the run has stalled: five iterations raised neither the band limit nor the
// mean log-likelihood by 0.2 %, and poses and map change no less than in the five before (particles of a symmetric
// structure may change their poses for ever).
std::optional<std::string> reason_to_stop(const std::vector<IterationReport>& reports);

// Called after each iteration with everything worth saving. Maps of an iteration have the shells that its M-step
// summed; those of the result have all.
using IterationCallback = std::function<void(const AverageState&, const AverageMaps&)>;

// The E- and M-steps of `options.iterations` or until the map rests. `resume`: continue from a saved state.
// The references of a particle exclude its own fold. `initial`: a map to start from instead of options.start.
AverageResult average_particles(ParticleStack& stack, const AverageOptions& options, ExecContext& context,
                                const IterationCallback& after_iteration, const AverageState* resume = nullptr,
                                const Volume<float>* initial = nullptr);

// The average at given poses: what perfect alignment would give, with the same M-step and filter.
AverageMaps average_at_poses(const ParticleStack& stack, const std::vector<Pose>& poses, const AverageOptions& options,
                             ExecContext& context);

// Which fold each particle belongs to: a permutation keyed by the seed, folds of equal size.
std::vector<int> deal_folds(int64_t count, int folds, uint64_t seed);

// Radius (voxels) of the mask on particles: as large as boxes and shifts allow, or from the options.
double stack_mask_radius(int64_t box, double voxel_size_A, const AverageOptions& options);

}  // namespace tessera
