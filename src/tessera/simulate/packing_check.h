// SPDX-License-Identifier: GPL-3.0-or-later
// Proof by repainting: every body of a packing is drawn again, from its pose alone, and collisions are counted.
#pragma once

#include <limits>
#include <vector>

#include "tessera/parallel/exec_context.h"
#include "tessera/simulate/molecular_surface.h"
#include "tessera/so3/rotation.h"

namespace tessera {

// A body to be painted: its surface, where its centre is (Å, voxel (i, j, k) at (i, j, k)·voxel_size) and how it lies.
struct PosedSurface {
  const MolecularSurface* surface = nullptr;
  Vec3 position_A;
  Rotation scene_from_ref;
  uint8_t allowed = 0;  // value of `obstacles` it may lie on: its own membrane; 0: none
  int32_t owner = 0;    // bodies of one owner are parts of one thing, the repeats of a filament; ≥ 0
};

struct PackingCheck {
  int64_t voxels = 0;           // of the lattice
  int64_t body_voxels = 0;      // inside at least one body
  int64_t obstacle_voxels = 0;  // of obstacles, and in no body
  int64_t collisions = 0;       // voxels inside bodies of two owners or more, each counted once
  int64_t shared = 0;           // voxels inside two bodies or more of one owner alone
  int64_t in_obstacles = 0;     // voxels of bodies on obstacles they may not lie on
  int64_t embedded = 0;         // voxels of bodies on the obstacle they may lie on
  int64_t outside = 0;          // voxels of bodies outside the lattice
  double occupancy() const { return voxels ? static_cast<double>(body_voxels) / static_cast<double>(voxels) : 0; }
};

// Independent of the packing: voxel by voxel, contains(R⁻¹ (v·voxel_size − position)), no masks, no bits, no blocks.
// `obstacles` may be empty (no obstacles). Runs in slabs of at most 16 planes and 16 million voxels, so it needs at
// most 80 MB a thread; of `slabs_checked` slabs at most, evenly spaced, which then are all that is counted. Cost about
// 20 ns per voxel of a body's bounding box.
PackingCheck check_packing(const std::vector<PosedSurface>& bodies, Shape3 shape, double voxel_size_A,
                           const Volume<uint8_t>& obstacles, ExecContext& context,
                           int64_t slabs_checked = std::numeric_limits<int64_t>::max());

// One plane of the lattice: bodies as their label, then obstacles as −(value); 0 is empty. Shape (1, rows, columns):
// across z (rows y, columns x) or across y (rows z, columns x), at voxel `index`.
enum class PlaneAcross { y, z };
struct LabelledSurface {
  PosedSurface body;
  int32_t label = 0;
};
Volume<int32_t> label_plane(const std::vector<LabelledSurface>& bodies, Shape3 shape, double voxel_size_A,
                            const Volume<uint8_t>& obstacles, PlaneAcross across, int64_t index);

}  // namespace tessera
