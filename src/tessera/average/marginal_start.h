// SPDX-License-Identifier: GPL-3.0-or-later
// A start without a reference that looks at every pose: annealed expectation–maximisation on a grid.
#pragma once

#include <string>

#include "tessera/average/options.h"
#include "tessera/average/state.h"

namespace tessera {

// Classes and poses for the first iteration, from random ones. All rotations and shifts of a grid are weighed by their
// posterior (MarginalModel); every particle is compared with the average of the others.
//
// The maps are solved with a ridge of κ times the mean weight of each shell, and log-likelihoods are divided by a
// temperature T. Hot, the only stable average is round; in cooling, the average that the particles share most strongly
// condenses out of it, and T then holds the echo of the particles in it (AnnealingSchedule). Each particle sees the
// average that the others would have made without it (average/cavity.h), so that noise does not condense with it. Where
// posteriors stay wide, up to two iterations follow, each at half the temperature with a quarter more degrees and
// shells.
//
// A first round with few angular degrees and a large κ makes a round average, and from it the particle's radius unless
// options give a mask. Band limit: options.initial_resolution_A, or as many shells as `degrees` resolve on that radius.
// Poses are drawn from the posterior: each particle gets `draws` (weights equal, repeated ones merged), the likeliest
// first, so that an average over them is that over the whole posterior with little noise of its own.
// options.start_particles of the pool, for each class, take part in the annealing; its others are placed at the end.
// Particles that are not of the pool get no poses.
struct MarginalStartOptions {
  int degrees = 22;
  int iterations = 60;  // at most
  int folds = 64;       // at most; a particle's own fold is left out
  int draws = 64;
  std::string of_class = {};  // " of class 2": for messages and the log

  static constexpr int finer_steps = 2;
  int degrees_after(int steps) const { return steps == 0 ? degrees : degrees_after(steps - 1) * 5 / 4; }
};
// Whether a run may begin with it: by name, or with --start auto, where it was measured to win (docs/accuracy.md): one
// class, no symmetry imposed, posteriors.
bool tries_marginal_start(const AverageOptions& options);

struct MarginalStart {
  AverageState state;
  bool condensed = false;  // otherwise the average is round, or nearly so
  bool beaten = false;     // the rival explains particles better
};
// rival: the poses of all particles that another start found. Both are compared by the evidence of particles under the
// average that lacks them, at temperature 1 on the grid of `degrees`, less a quarter of what their own share of it
// gives them: of the echo a part stays (docs/decisions.md).
MarginalStart marginal_start(ParticleStack& stack, const std::vector<int64_t>& pool, const AverageOptions& options,
                             double outer_radius, StartLog& log, ExecContext& context,
                             const std::vector<Assignment>* rival = nullptr, const MarginalStartOptions& start = {});

}  // namespace tessera
