// SPDX-License-Identifier: GPL-3.0-or-later
// The particles that a start without a reference anneals, and the averages they make (average/marginal_start.h).
#pragma once

#include <vector>

#include "tessera/average/annealing_schedule.h"
#include "tessera/average/cavity.h"
#include "tessera/average/marginal.h"
#include "tessera/average/options.h"
#include "tessera/average/shell_mask.h"
#include "tessera/average/state.h"

namespace tessera {

// Expectation–maximisation over all poses of one grid, from random ones; every particle is compared with the average
// of the others. A rank compares the particles of its folds; what they say and their sums are told to all ranks, which
// then do the same. The same bits for any number of threads and ranks. Collective, all of it but the const functions.
class Annealing {
 public:
  // members: of the stack, ascending. degrees, shells: of the grid. radius: of the mask on averages, voxels. folds: at
  // most; a particle's own fold is left out of the average that it is compared with.
  Annealing(const ParticleStack& stack, const AverageOptions& options, std::vector<int64_t> members, int degrees,
            int shells, double radius, int folds, ExecContext& context);

  const RotationSearch& search() const { return search_; }

  // Every particle at a random rotation in a random class.
  void scatter();

  // Every particle at the poses that another start found, each at the nearest of the grid.
  void place(const std::vector<Assignment>& found);

  // One E-step, all particles against maps without their own fold, and one M-step. Log-likelihoods are divided by the
  // temperature, maps solved with the ridge (in units of the mean weight of a shell). coarse: the maps are those of
  // another grid, with the same particles, and translations are looked at where it found them likely. Interrupted.
  Expected iterate(double ridge, double temperature, const Annealing* coarse = nullptr);

  // Of the sum of all classes, from what its half-sets share. Voxels, at most outer_radius.
  double radius(double outer_radius) const;

  // The last E-step, at temperature 1: poses drawn for every particle of the pool, those that did not anneal included,
  // and what it says of them. Those that did keep to the translations that were likely in the iteration before, the
  // others to those that a scout finds likely: this annealing on fewer degrees. None: they look at all.
  std::vector<Assignment> draw(const std::vector<int64_t>& pool, double ridge, int draws, Expected& expected,
                               const Annealing* scout = nullptr);

 private:
  int fold_of(int64_t member) const { return static_cast<int>(member % folds_); }
  // body(i) for this rank's members, by its threads.
  template <typename Body>
  void for_mine(Body&& body);
  // body(fold, worker) for its folds.
  template <typename Body>
  void for_my_folds(Body&& body);

  // Sums of particles at poses_of(i), for this rank's members.
  template <typename PosesOf>
  void begin_with(PosesOf&& poses_of);
  void share_sums();
  // Of the items of this rank, what means() and respond() need.
  void share_said(std::vector<MarginalParticle>& said, const std::vector<int64_t>& mine);
  static Expected means(const std::vector<MarginalParticle>& said);
  SphereSamples samples_of(int64_t particle) const;
  void total_up();
  // How the classes answer to a particle left out; returns Expected::own_nats, over the degrees that the radius holds.
  double respond(const std::vector<MarginalParticle>& said, double ridge);

  std::vector<double> ridges(const MarginalSums& sums, double ridge) const;
  // Of every class, from all particles, not masked.
  std::vector<ShellHarmonics> averages(double ridge) const;
  // Of every class, as it would be without the particles of a fold, masked. whole: averages(ridge).
  std::vector<ShellHarmonics> maps_without(int fold, const std::vector<ShellHarmonics>& whole, double ridge) const;
  std::vector<MarginalModel::Reference> references_of(const std::vector<ShellHarmonics>& maps,
                                                      double temperature) const;
  // Of all particles, masked, at temperature 1: for particles that did not anneal.
  std::vector<MarginalModel::Reference> references_for_others(double ridge) const;
  // The translations that have a share of the posterior of each of these, which did not anneal.
  std::vector<std::vector<int>> likely_of(const std::vector<int64_t>& particles, double ridge) const;

  const ParticleStack& stack_;
  const AverageOptions& options_;
  ExecContext& context_;
  std::vector<int64_t> members_;
  std::vector<int64_t> mine_;  // indices of members whose folds are this rank's
  int folds_;
  RotationSearch search_;
  MarginalModel model_;
  ShellMask mask_;
  double radius_;
  std::vector<SphereSamples> samples_;          // of this rank's members
  std::vector<std::vector<double>> powers_;     // degree_powers of each
  std::vector<std::vector<MarginalSums>> own_;  // [member][class]
  std::vector<MarginalSums> total_;
  std::vector<CavityResponse> responses_;  // of each class; none before the first E-step
  std::vector<double> prior_;              // log
  std::vector<std::vector<int>> likely_;   // [member] translations that an E-step looks at; none: all
  int iterations_ = 0;
};

}  // namespace tessera
