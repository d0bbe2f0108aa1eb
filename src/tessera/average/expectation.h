// SPDX-License-Identifier: GPL-3.0-or-later
// The E-step: candidate poses of every particle, their posterior probabilities, and the noise they leave.
#pragma once

#include <vector>

#include "tessera/average/maximisation.h"
#include "tessera/average/options.h"
#include "tessera/average/voronoi.h"

namespace tessera {

// What the E-step says of one particle.
struct Assignment {
  std::vector<WeightedPose> poses;  // probabilities sum to 1; the most probable class first, in it the likeliest pose
  // Of the particle, relative to an empty reference: log Σ_classes α_k Σ_poses volume·exp(cross − ½power).
  double log_likelihood = 0;
  double correlation = 0;        // of the first pose, [F] Eq. 1 in units of the noise
  std::vector<double> residual;  // per shell: Σ |X − Y|² at the first pose, or its mean over all by their probability
};

// aligners[k][f] serves the particles of fold f against class k.
using ClassAligners = std::vector<std::vector<const Aligner*>>;

struct PosteriorOptions {
  bool hard = false;       // keep only the pose of the greatest correlation (FA)
  double floor = 1e-3;     // poses less probable are dropped
  double temperature = 1;  // log-likelihoods are divided by it
};
// What a candidate stands for in the sum over poses ([F] Eq. 4): the Laplace volume of its peak, the share of its
// Voronoi cell, or the same for all.
enum class VolumeKind { laplace, voronoi, none };
struct CandidateVolumes {
  VolumeKind kind = VolumeKind::laplace;
  VoronoiOptions voronoi;
};
CandidateVolumes candidate_volumes(const ModelOptions& options);  // UserError on an unknown name

struct ExpectationInput {
  const ParticleStack& stack;
  const ClassAligners& aligners;
  const std::vector<double>& class_prior;  // α_k
  std::vector<int> equivalent_poses = {};  // of each class: what one candidate stands for, its symmetry; empty: 1
  const std::vector<int>& fold_of;
  const std::vector<Assignment>& previous;  // empty at the start, as are those of particles not yet assigned
  PosteriorOptions posterior;
  // Translations further than this (voxels) from those of the pose before are not searched; negative: all are.
  double shift_window = -1;
  std::vector<int64_t> subset = {};  // only these particles; empty: all
  CandidateVolumes volumes = {};
  double shift_deviation = 0;    // ζ of the normal prior on shifts ([F] Eq. 15); 0: uniform
  bool keep_pose = true;         // the pose before is among the candidates
  bool posterior_noise = false;  // residuals of all poses, not of the first alone
  bool fixed_poses = false;      // the pose before is the only candidate, as it is; every particle must have one
};
// Core seconds of the stages, summed over threads.
struct ExpectationTimes {
  double rotation = 0, translation = 0, refinement = 0;
};
// One for each particle; those outside the subset come back without poses. Each rank does its particles
// (parallel/blocks.h), and all get all. Core seconds are those of the rank.
std::vector<Assignment> expectation(const ExpectationInput& input, ExecContext& context, const std::string& title,
                                    ExpectationTimes* times = nullptr);

// Of one particle, from candidates. seed: of the Voronoi samples.
Assignment assign(const ExpectationInput& input, int64_t i, uint64_t seed, Aligner::Workspace& work);

// |X − Y|² per shell; beyond the reference's band Y is nothing.
std::vector<double> residual_of(const ParticleStack& stack, int64_t i, const PreparedParticle& particle,
                                const Aligner& aligner, const Pose& pose);

// The most probable class first, in each class the most probable pose, as in Assignment.
void sort_poses(std::vector<WeightedPose>& poses);

// A peak of the joint density of class and pose.
struct PosteriorPeak {
  RefinedPose refined;
  int class_index = 0;
  double log_prior = 0;  // log α_k, and what else weighs the pose beforehand
};
// g ∝ α_k exp(cross − ½ power − half_log_determinant): candidates as peaks of the posterior, each with its Laplace
// volume ([F] Eq. 14–15 with the volume of Eq. 4 by Laplace's method). Sorted as in Assignment, floored and normalised.
// Returns log Σ at temperature 1.
double posterior(const std::vector<PosteriorPeak>& peaks, const PosteriorOptions& options,
                 std::vector<WeightedPose>& out);

// σ² = E|N|² per shell ([F] Eq. 12, over observed components) from the residuals of all particles. Shells that no
// particle observes keep the previous value. per_shell = false: one value for all. noise_share: that of the stack, so
// that σ² is the variance before the mask.
// components[i]: the number of observed components per shell of particle i. `whole`: the number of all components per
// shell; if given, those not observed count with the previous variance (average/imputation.h).
std::vector<double> noise_from_residuals(const std::vector<Assignment>& assignments,
                                         const std::vector<const std::vector<double>*>& components,
                                         const std::vector<double>& previous, bool per_shell, double noise_share,
                                         const std::vector<double>* whole = nullptr);

}  // namespace tessera
