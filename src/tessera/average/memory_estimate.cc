// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/memory_estimate.h"

#include <algorithm>
#include <cmath>

#include "tessera/average/class_ends.h"
#include "tessera/average/grid_expectation.h"
#include "tessera/average/judged_maps.h"
#include "tessera/average/marginal_start.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

double cube(double edge) {
  return edge * edge * edge;
}

// PaddedSpectrum: twofold grid over |k| ≤ shell and a margin, half of it, complex.
double padded_bytes(double shell) {
  return 8 * cube(4 * shell + 6) / 2;
}

// ObservedComponents with power weights, up to a shell: half a ball, nine numbers a component.
double components_bytes(double shell) {
  return 36 * 2 * pi / 3 * cube(shell + 0.5);
}

// The grids of one annealing (average/annealing.h): what its particles keep, and what is worked with.
struct AnnealingBytes {
  double kept = 0, work = 0;
};
AnnealingBytes annealing_bytes(const MemoryRequest& request, const AverageOptions& options, double members,
                               int degrees) {
  const auto box = static_cast<double>(request.box);
  const double radius = options.mask_diameter_A && request.voxel_size_A > 0
                            ? *options.mask_diameter_A / 2 / request.voxel_size_A
                            : box / 8;  // small particles are searched with many shells
  const double shells = std::clamp(std::round((degrees - 2) * box / (2 * pi * radius)), 4.0, box / 2 - 2);
  const double L = degrees, rotations = 4 * 4 * cube(L), classes = options.classes;
  const auto translations =
      static_cast<double>(translation_ball(options.align.max_shift_voxels, 0.35 * box / shells).size());
  const double samples = 8 * shells * 2 * L * L, harmonics = 8 * shells * L * (L + 1) / 2, sums = 2 * harmonics;
  AnnealingBytes out;
  out.kept = members * (samples + classes * sums);
  // The sums of an iteration beside those of the one before, and what averaging over poses retains of noise; the phases
  // of the translations; of every thread the posterior, the shifted particle and the references of a fold.
  // Several ranks tell each other these sums: as packed, as received, as gathered.
  const double copies = request.ranks > 1 ? 4 : 1;
  out.work = copies * members * classes * (sums + 8 * 4 * cube(L) / 3) + translations * samples +
             request.threads * (classes * translations * rotations + 3 * rotations + translations * harmonics +
                                classes * (request.groups * rotations + 2 * sums));
  return out;
}

double marginal_start_bytes(const MemoryRequest& request, const AverageOptions& options) {
  const MarginalStartOptions start;
  auto members = static_cast<double>(request.particles);
  if (options.start_particles > 0) members = std::min(members, 1.0 * options.start_particles * options.classes);
  // A finer annealing begins from the poses of the coarser one; the first stays.
  double out = 0;
  for (int step = 0; step <= start.finer_steps; ++step) {
    const AnnealingBytes one = annealing_bytes(request, options, members, start.degrees_after(step));
    out += one.kept + (step == start.finer_steps ? one.work : 0);
  }
  return out;
}

// References on the finest grid of all poses and on the coarse one before it, and the phases of their translations.
double all_poses_bytes(const MemoryRequest& request, const AverageOptions& options) {
  constexpr double degrees = PoseGrid::most_degrees;
  const auto box = static_cast<double>(request.box), shells = box / 2 - 2;
  const auto translations =
      static_cast<double>(translation_ball(options.align.max_shift_voxels, 0.35 * box / shells).size());
  const double rotations = 4 * 8 * cube(degrees), samples = 8 * shells * 2 * degrees * degrees;
  const double references = options.classes * (options.folds > 1 ? fold_count(request.particles, options) : 1);
  return 1.25 * (references * (request.groups * rotations + 8 * shells * degrees * degrees) + translations * samples);
}

}  // namespace

MemoryEstimate estimate_memory(const MemoryRequest& request, const AverageOptions& options) {
  const auto box = static_cast<double>(request.box), top = std::max(box / 2 - 2, 4.0);
  const int64_t band = static_cast<int64_t>(top);
  const double half_spectrum = 8 * box * box * (box / 2 + 1), volume = 4 * cube(box);
  // Small particles are searched with many shells: the bound is a mask of an eighth of the box.
  const SearchGrid grid = search_grid(request.box, band, box / 8, options.align);
  const double L = std::max(grid.bandwidth, options.align.max_bandwidth), rotations = 4 * cube(2 * L);
  const double samples = 8.0 * static_cast<double>(grid.shells) * 2 * L * L;
  const int folds = fold_count(request.particles, options);
  const int references = options.classes * (options.folds > 1 ? folds : 1);

  MemoryEstimate out;
  out.particle = half_spectrum + samples;
  out.records = static_cast<double>(request.particles) * (12 * (box / 2 + 1) * 2 + 4096);
  out.weights = request.groups * (1.1 * half_spectrum + components_bytes(box / 2)) + half_spectrum / 2;
  // Each with the harmonics of its phases, magnitudes and power, and the denominator of every tilt group.
  out.references =
      references *
      (padded_bytes(top + 1) + 3 * 8 * static_cast<double>(grid.shells) * L * L +
       request.groups * (components_bytes(top) + components_bytes(static_cast<double>(grid.shells)) + rotations));
  // Of all particles and of a block (parallel/blocks.h), and the copies that references are made from.
  // Several ranks have those of a block once more in one piece, and three times as they travel.
  const int copies = request.ranks > 1 ? 6 : 2;
  out.sums = 1.5 * half_spectrum * (copies * options.classes * folds + 6) + options.classes * 8 * volume;
  // An FFT of the padded box, its input and copies of half its edge; the search's grids.
  const double transform = 8 * cube(2 * box) + 6 * volume + 4 * rotations + 4 * samples;
  out.workspaces = request.threads * transform + 16 * padded_bytes(std::min(box / 2, top + 6));
  if (options.model.all_poses && options.classes > 1) {
    out.records += static_cast<double>(request.particles * PoseGrid::draws) * sizeof(WeightedPose);
    out.references += all_poses_bytes(request, options);
    out.workspaces += request.threads * PoseGrid::posterior_bytes;
  }
  if (ends_over_all_poses(options, false, false)) {
    AverageOptions one = options;
    one.classes = 1;
    out.class_ends = marginal_start_bytes(request, one);
  }
  if (tries_marginal_start(options)) {
    out.records += static_cast<double>(request.particles * MarginalStartOptions().draws) * sizeof(WeightedPose);
    out.start = marginal_start_bytes(request, options);
  }
  out.program = 80e6;
  return out;
}

}  // namespace tessera
