// SPDX-License-Identifier: GPL-3.0-or-later
// Packing by molecular dynamics ([P] 2.2): scatter, minimise, drive together, recover the poses.
#pragma once

#include <functional>
#include <vector>

#include "tessera/parallel/exec_context.h"
#include "tessera/simulate/packing_start.h"
#include "tessera/simulate/packing_statistics.h"
#include "tessera/simulate/scene.h"

namespace tessera {

// The state at one time.
struct PackingSample {
  double time_ps = 0;
  BallEnergies energies;
  double rigid_stretch = 0, flexible_stretch = 0;  // largest |length/x₀ − 1| of a bond of macromolecules; of the others
  OccupancyStatistics occupancy;
  GapStatistics gaps;
};

struct PackingRun {
  PackingStart start;
  std::vector<Vec3> positions_A;        // of every ball at the end, about the centre of the box
  std::vector<PackingSample> timeline;  // frames + 1 entries, the first before the dynamics
  double time_step_fs = 0;              // at the end
  int halvings = 0;                     // of the time step, where integration blew up
  std::string platform;
  double seconds_per_step = 0, processor_seconds_per_step = 0;  // elapsed; of all threads together
};

// Runs options.steps of dynamics from the start and calls on_frame at each sample. The drive acts as options.drive
// says; the walls of slab and box close from the region of the start onto the box over the first three quarters, and
// the drive falls to final_drive over the last. Integration has blown up where a position is no number, a bond is
// twice as long as it was, a ball has left for far away or, in a central drive, balls move with more energy than the
// drive had to give: the segment (1/200 of the run) is then repeated from its start with half the time step, four times
// at most, then NumericalError. UserError: options out of range, no OpenMM. Interrupted between segments. Cost a step:
// pairs of balls within the cutoff, about 3·10⁸ a second and core.
PackingRun run_packing(PackingStart start, const PackingOptions& options, std::array<double, 3> box_A,
                       double voxel_size_A, ExecContext& context,
                       const std::function<void(const PackingSample&, const std::vector<Vec3>&)>& on_frame);

// A species as loaded: its coarse model, and how many were asked for.
struct PackedSpecies {
  SceneSpecies info;
  CoarseModel model;
};

struct PoseAgreement {       // of the least-squares poses of macromolecules
  double largest_rms_A = 0;  // of balls from their rigid places
  int64_t deformed = 0;      // bodies above 3 Å rms: crushed, or turned inside out, which keeps every bond's length
  double median_angle_deg = 0, largest_angle_deg = 0;  // from the three-point rule of [P] 2.3
  int64_t bodies = 0;
};

// The scene at the end of a run. A macromolecule whose centre of mass left the box is left out, and its species is
// short of it. `species` numbers those of the request first, then those of filaments built of a structure.
Scene scene_of(const PackingRun& run, const SceneRequest& request, const std::vector<PackedSpecies>& species,
               uint64_t seed, PoseAgreement& agreement);

// The balls of a run at given positions, as packing_statistics.h wants them.
PackedBalls packed_balls(const PackingStart& start, const std::vector<Vec3>& positions_A);

}  // namespace tessera
