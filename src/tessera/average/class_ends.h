// SPDX-License-Identifier: GPL-3.0-or-later
// What a run of several classes ends with: each class averaged anew, over all poses of its own particles.
#pragma once

#include <vector>

#include "tessera/average/marginal_start.h"

namespace tessera {

struct ClassEnds {
  // Of each class, how many poses the posterior of a particle spreads over; 0: the class stays as it was.
  std::vector<double> effective_poses;
  std::vector<StartPass> passes;
  bool any() const;
};

// Whether a run has such an end. Its classes begin with single particles, and what these do not tell (the sevenfold of
// 80 particles of GroEL) iterations over candidates often never find; of one class alone a start over all poses finds
// it (average/marginal_start.h), which must know whose poses.
bool ends_over_all_poses(const AverageOptions& options, bool has_references, bool has_mask);

// Each class in turn: a start over all poses from the particles that are likeliest in it. It replaces their poses, and
// its average is the last of the class, if it condenses, posteriors spread over more poses than candidates can stand
// for, and it explains the particles better than the poses they have. Not tried where a grid of all poses has seen
// (average/grid_expectation.h) that posteriors are narrow. Classes of particles do not change. Same bits for any number
// of threads and ranks. Collective. Interrupted.
ClassEnds end_over_all_poses(ParticleStack& stack, const AverageOptions& options, AverageState& state,
                             ExecContext& context, const MarginalStartOptions& start = {});

}  // namespace tessera
