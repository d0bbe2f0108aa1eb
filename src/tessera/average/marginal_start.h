// SPDX-License-Identifier: GPL-3.0-or-later
// A start without a reference that looks at every pose: annealed expectation–maximisation on a grid.
#pragma once

#include "tessera/average/options.h"
#include "tessera/average/state.h"

namespace tessera {

// Classes and poses for the first iteration, from random ones. All rotations and shifts of a grid are weighed by their
// posterior (MarginalModel); every particle is compared with the average of the others.
//
// The maps are solved with a ridge of κ times the mean weight of each shell. Under a large κ the only stable average is
// round; as κ falls, the average that the particles share most strongly condenses out of it first, well before noise
// could (an eigenvalue of the particles' common power against its scatter, about 2√(d/N(2l+1)) for d radial degrees of
// freedom of degree l). The information of the posterior about the rotations shows it: κ falls until that information,
// having risen, rises no more as fast.
//
// A first round with few angular degrees and a large κ makes a round average, and from it the particle's radius unless
// options give a mask. Band limit: options.initial_resolution_A, or as many shells as `degrees` resolve on that radius.
// Poses are drawn from the posterior: each particle gets `draws` (weights equal, repeated ones merged), the likeliest
// first, so that an average over them is that over the whole posterior with little noise of its own.
// options.start_particles for each class take part in the annealing; the rest are placed at its end.
struct MarginalStartOptions {
  int degrees = 22;
  double first_ridge = 0.6, ridge_factor = 0.94, last_ridge = 0.03;
  int iterations = 60;       // at most
  int finer_iterations = 3;  // with a quarter more degrees and shells, where posteriors stay wide
  int folds = 64;            // at most; a particle's own fold is left out
  int draws = 64;
};
AverageState marginal_start(ParticleStack& stack, const AverageOptions& options, double outer_radius,
                            ExecContext& context, const MarginalStartOptions& start = {});

}  // namespace tessera
