// SPDX-License-Identifier: GPL-3.0-or-later
// The E-step over every pose of a grid: for classes that few candidate poses leave in doubt.
#pragma once

#include <optional>

#include "tessera/average/expectation.h"
#include "tessera/average/state.h"

namespace tessera {

struct PoseGrid {
  int degrees = 0;              // of the spherical harmonics: rotations are 180°/degrees apart
  int64_t shells = 0;           // used of the references
  double max_shift_voxels = 0;  // of the translations
  static constexpr int most_degrees = 40;
  // Of a particle's posterior, exp(entropy) on the grid. One that is narrower falls between the points of the grid;
  // candidates know the widths of their peaks.
  static constexpr double least_effective_poses = 30;
  static constexpr int draws = 64;  // poses of a particle
  // What a thread may take for the posterior of one particle: of its translations only the likeliest are looked at
  // where more would not fit.
  static constexpr double posterior_bytes = 256e6;
};

// The grid of the next E-step, if it is to be over one. Candidates miss most of a wide posterior, and of each class
// another part: the weights of classes come out wrong, and averages remember the few poses that they were made from
// (docs/decisions.md). So it is once the posterior has cooled, first to see how wide posteriors are, then for as long
// as they spread over more poses than candidates stand for, or candidates, or the grid before, expect more than 1 % of
// particles in a wrong class; unless a grid of most_degrees does not resolve the band limit on the largest class, or
// options have it otherwise.
std::optional<PoseGrid> grid_of_poses(const ParticleStack& stack, const AverageOptions& options,
                                      const AverageState& state, double temperature);

// Whether posteriors were narrow, for candidates to stand for, when a grid last looked at them; no if none did.
bool grid_found_narrow(const std::vector<IterationReport>& reports);

// Assignments as from expectation(), but each with poses drawn from its whole posterior, those of a class weighing
// together what it has of it; the first is climbed to its maximum. Prior on rotations and shifts: uniform. Of `input`
// what concerns candidates is not looked at. Same bits for any number of threads and ranks. Cost of a particle and
// class: one SO(3) correlation for each translation that a grid of half the degrees and shells finds likely, if the
// class is.
std::vector<Assignment> expectation_over_grid(const ExpectationInput& input, const PoseGrid& grid, ExecContext& context,
                                              const std::string& title, ExpectationTimes* times = nullptr);

}  // namespace tessera
