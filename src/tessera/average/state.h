// SPDX-License-Identifier: GPL-3.0-or-later
// What a run of averaging carries from one iteration to the next, and what it says of each.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "tessera/average/expectation.h"
#include "tessera/average/maximisation.h"
#include "tessera/base/stopwatch.h"
#include "tessera/volume/corrected_fsc.h"

namespace tessera {

// Of one class with a point group, before its average is made symmetric.
struct SymmetryStatus {
  double score = 0;      // mean correlation of the average with its turned copies (align/symmetry.h)
  double agreement = 0;  // of the half-sets' averages with each other's turned copies, relative to that unturned
  // The agreement when the symmetry was first imposed: later ones are of particles aligned to a symmetric reference.
  double first_agreement = 0;
  bool imposed = false;
};

struct ClassStatus {
  double occupancy = 0;        // share of the particles, by posterior
  double resolution_A = 0;     // half-set FSC 0.143
  double map_correlation = 0;  // with the map of the iteration before, inside the mask
  double mask_radius_A = 0;
  // How evenly its particles are turned, weighted by their posterior (average/angular_coverage.h).
  double covered_directions = 0, covered_rotations = 0;  // effective shares of the sphere and of SO(3)
  double largest_direction_excess = 0;                   // of the fullest bin of directions, over a uniform share
  std::optional<SymmetryStatus> symmetry;                // none without a point group
};

// One line of convergence.json.
struct IterationReport {
  int iteration = 0;
  bool of_start = false;   // made by a start over all poses that is the whole run (average/marginal_start.h)
  int64_t band_limit = 0;  // shells used for alignment in this iteration
  double temperature = 1;  // by which log-likelihoods were divided
  double mean_log_likelihood = 0, mean_correlation = 0;
  int pose_grid_degrees = 0;  // where all poses of a grid were weighed (average/grid_expectation.h); 0: candidates
  double effective_candidates = 0;  // mean of exp(entropy of a particle's posterior over poses and classes)
  // Of particles that kept their class; rotations modulo its symmetry, once that is imposed.
  double mean_rotation_change_deg = 0, mean_shift_change_voxels = 0;
  double class_changes = 0;    // share of particles that changed it
  double map_correlation = 0;  // least over the classes
  double resolution_A = 0;     // best over the classes
  double band_limit_A = 0;
  double mask_radius_A = 0;                                                         // largest over the classes
  double expectation_seconds = 0, maximisation_seconds = 0, reference_seconds = 0;  // by the clock
  double rotation_core_seconds = 0, translation_core_seconds = 0, refinement_core_seconds = 0;
  double accumulation_seconds = 0;  // of those of maximisation: sums over the particles; not kept in checkpoints
  std::vector<ClassStatus> classes;
};

// One pass over particles before the first iteration, each compared with every class.
struct StartPass {
  std::string title;  // the start it belongs to
  int64_t particles = 0;
  int classes = 1;
  int64_t band_limit = 0;  // shells
  // Of a start over all poses (average/annealing_schedule.h), 0 otherwise: the ridge κ, nats on a particle's rotation,
  // and exp(entropy) of its posterior.
  double temperature = 1, ridge = 0, information = 0, effective_poses = 0;
  double seconds = 0;  // by the clock, with what came between it and the pass before
};

class StartLog {
 public:
  void add(StartPass pass) {
    pass.seconds = watch_.lap();
    passes_.push_back(std::move(pass));
  }
  const std::vector<StartPass>& passes() const { return passes_; }

 private:
  Stopwatch watch_;
  std::vector<StartPass> passes_;
};

struct ClassState {
  double prior = 1;        // α_k ([F] Eq. 11)
  double mask_radius = 0;  // voxels
  std::optional<SymmetryStatus> symmetry = {};
  bool symmetric() const { return symmetry && symmetry->imposed; }
};

// Everything the next iteration starts from, and what a checkpoint keeps.
struct AverageState {
  int iteration = 0;
  std::vector<Assignment> assignments;  // one per particle
  std::vector<double> noise_variance;   // per shell
  int64_t band_limit = 0;               // shells, the same for all classes so that their likelihoods compare
  int64_t summed_shells = 0;            // shells of the sums that the next references are made from
  std::vector<ClassState> classes;
  double shift_deviation = 0;  // voxels, ζ of [F] Eq. 13; 0: no prior on shifts
  // The references of the last E-step, of each class for all folds or one for each: what imputation fills in. Empty
  // without it.
  std::vector<std::vector<HalfSpectrum>> references;
  std::vector<StartPass> start;          // in order, those of starts not kept included
  std::vector<IterationReport> reports;  // of all iterations so far

  double largest_mask_radius() const;
};

// Of one class.
struct AverageMaps {
  Volume<float> map;                  // filtered
  std::array<Volume<float>, 2> half;  // not filtered, not masked
  Resolution resolution;
  double resolution_A = 0;             // half-set FSC 0.143, corrected for the mask once judged
  std::optional<CorrectedFsc> judged;  // of the maps of a whole run, which have all their shells
  std::optional<SymmetryStatus> symmetry;
};

// The poses of all particles, for the M-step.
std::vector<std::vector<WeightedPose>> poses_of(const std::vector<Assignment>& assignments);

// Share of the particles in each class: [F] Eq. 11.
std::vector<double> occupancies(const std::vector<Assignment>& assignments, int classes);

}  // namespace tessera
