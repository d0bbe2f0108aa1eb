// SPDX-License-Identifier: GPL-3.0-or-later
// Dense packing of rigid bodies on a lattice of voxels without overlap: bodies are put where they touch most.
#pragma once

#include <string>
#include <vector>

#include "tessera/base/option.h"
#include "tessera/parallel/exec_context.h"
#include "tessera/simulate/molecular_surface.h"
#include "tessera/simulate/packing_window.h"

namespace tessera {

struct DensePackingOptions {
  double gap_A = 0;
  std::string arrangement = "auto";
  int rotations = 24;
  double surface_resolution_A = 0;
  double volume_per_dalton_A3 = 1.21;
  int subdivision = 1;
  double time_limit_min = 0;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"gap", "Å", "Least distance between voxels of two bodies, or of a body and a membrane (product mode)",
                 "Dense packing"},
          gap_A);
    visit(
        Option{"arrangement", "",
               "Where bodies go: random (anywhere they fit), touching (where they touch most: denser), or auto (random "
               "up to 20 % of the free voxels, else touching)",
               "Dense packing"},
        arrangement);
    visit(Option{"rotations", "", "Orientations tried for each round of placements", "Dense packing"}, rotations);
    visit(Option{"surface-resolution", "Å", "Resolution of the isosurface that is a body; 0: two voxels",
                 "Dense packing"},
          surface_resolution_A);
    visit(Option{"volume-per-dalton", "Å³", "Volume that the isosurface encloses for each dalton; 1.21 is 0.73 cm³/g",
                 "Dense packing"},
          volume_per_dalton_A3);
    visit(Option{"subdivision", "", "Pack on a lattice this many times finer than the voxels", "Dense packing"},
          subdivision);
    visit(Option{"time-limit", "minutes", "Stop placing after this time and report the shortfall; 0: no limit",
                 "Dense packing"},
          time_limit_min);
  }
  void add_faults(Faults& faults) const;
};

// So many bodies of one surface are wanted.
struct PackingDemand {
  std::string name;
  const MolecularSurface* surface = nullptr;
  int64_t copies = 0;
};

// position_voxels in lattice units, (x, y, z); whole voxels plus an offset that is a multiple of 2⁻¹⁰.
struct PackedBody {
  int demand = 0;
  Vec3 position_voxels;
  Rotation scene_from_ref;
};

struct PackingCurvePoint {
  double seconds = 0;
  int64_t bodies = 0;
  int64_t body_voxels = 0;  // occupied by bodies, not by what was there before
};

struct DensePackingResult {
  std::vector<PackedBody> bodies;
  std::vector<int64_t> placed;           // by demand
  std::vector<double> saturated_at;      // by demand: share of the lattice occupied when no more fitted; 0: all placed
  std::vector<double> seconds;           // by demand, spent on it
  std::vector<PackingCurvePoint> curve;  // in order of time, first at 0
  int64_t body_voxels = 0;
  bool time_limit_reached = false;
};

// Places the demands, largest volume first, into the empty (zero) voxels of `occupancy`; marks theirs with 1, and
// voxels sealed inside a body with 255.
//
// Method. The lattice is cut into blocks of 56³ positions with a random origin in every pass; the copies still wanted
// are dealt to the blocks at random in proportion to their empty voxels, so that a species is spread over the box. In a
// block, `rotations` orientations drawn uniformly from SO(3), each with its own sub-voxel offset, are tested at all
// positions (packing_window.h); of the free positions those with the most blocked neighbours are scored by the share of
// the body's shell that is occupied, and the best of all orientations is placed, with those of the other candidates
// that nearly reach its score and still fit. (Arrangement random: any free position of the
// first orientation that has one.) A molecule's closed cavity stays empty. A block is given up when no orientation fits
// anywhere; the copies it could not take are dealt again to the others, in passes with new blocks, until all are placed
// or a pass places less than a thousandth of what it was asked to.
//
// Blocks far enough apart not to see each other (a colouring of them) run in parallel; what a block does depends on the
// seed and on its own place and pass alone, so the result is the same for any number of threads (unless the time limit
// strikes). Memory: `occupancy`, and about 1 MB per thread. Interrupted when context.stop is set (nothing is kept).
// Oracle: repainting every body (packing_check.h), and testing every position voxel by voxel (packing_window_test.cc).
DensePackingResult pack_densely(Volume<uint8_t>& occupancy, double voxel_size_A,
                                const std::vector<PackingDemand>& demands, const DensePackingOptions& options,
                                ExecContext& context);

}  // namespace tessera
