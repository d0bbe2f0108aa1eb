// SPDX-License-Identifier: GPL-3.0-or-later
// Proof by repainting: every body of a packing is drawn again, from its pose alone, and collisions are counted.
#pragma once

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
};

struct PackingCheck {
  int64_t voxels = 0;           // of the lattice
  int64_t body_voxels = 0;      // inside at least one body
  int64_t obstacle_voxels = 0;  // of obstacles, and in no body
  int64_t collisions = 0;       // voxels inside two bodies or more, each counted once
  int64_t in_obstacles = 0;     // voxels of bodies on obstacles they may not lie on
  int64_t embedded = 0;         // voxels of bodies on the obstacle they may lie on
  int64_t outside = 0;          // voxels of bodies outside the lattice
  double occupancy() const { return voxels ? static_cast<double>(body_voxels) / static_cast<double>(voxels) : 0; }
};

// Independent of the packing: voxel by voxel, contains(R⁻¹ (v·voxel_size − position)), no masks, no bits, no blocks.
// `obstacles` may be empty (no obstacles). Runs in slabs of z, so it needs one byte per voxel of a slab and thread.
// Cost about 20 ns per voxel of a body's bounding box.
PackingCheck check_packing(const std::vector<PosedSurface>& bodies, Shape3 shape, double voxel_size_A,
                           const Volume<uint8_t>& obstacles, ExecContext& context);

}  // namespace tessera
