// SPDX-License-Identifier: GPL-3.0-or-later
// The E-step: candidate poses of every particle, their posterior probabilities, and the noise they leave.
#pragma once

#include <vector>

#include "tessera/average/maximisation.h"
#include "tessera/average/options.h"

namespace tessera {

// What the E-step says of one particle.
struct Assignment {
  std::vector<WeightedPose> poses;  // probabilities sum to 1, most probable first
  double log_likelihood = 0;  // of the particle, relative to an empty reference: log Σ volume·exp(cross − ½power)
  double correlation = 0;     // of the best pose, [F] Eq. 1 in units of the noise
  std::vector<double> residual, components;  // per shell: Σ |X − Y|² at the best pose, and the number of components
};

// references[f] serves the particles of fold f.
struct ExpectationInput {
  const ParticleStack& stack;
  const std::vector<const Aligner*>& references;
  const std::vector<int>& fold_of;
  const std::vector<Assignment>& previous;  // empty at the start
  bool hard = false;                        // keep only the best pose (FA)
  double posterior_floor = 1e-3;
};
// Core seconds of the stages, summed over threads.
struct ExpectationTimes {
  double rotation = 0, translation = 0, refinement = 0;
};
std::vector<Assignment> expectation(const ExpectationInput& input, ExecContext& context, const std::string& title,
                                    ExpectationTimes* times = nullptr);

// g_c ∝ exp(cross − ½ power − half_log_determinant): candidates as peaks of the posterior, each with its Laplace volume
// ([F] Eq. 14–15 with the volume of Eq. 4 by Laplace's method). Sorted, floored and normalised. Returns log Σ.
double posterior(const std::vector<RefinedPose>& candidates, double floor, bool hard, std::vector<WeightedPose>& out);

// σ² = E|N|² per shell ([F] Eq. 12, over observed components) from the residuals of all particles. Shells that no
// particle observes keep the previous value. per_shell = false: one value for all. noise_share: that of the stack, so
// that σ² is the variance before the mask.
std::vector<double> noise_from_residuals(const std::vector<Assignment>& assignments,
                                         const std::vector<double>& previous, bool per_shell, double noise_share);

}  // namespace tessera
