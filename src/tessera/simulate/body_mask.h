// SPDX-License-Identifier: GPL-3.0-or-later
// A molecule in one orientation as voxels, in the forms that packing needs.
#pragma once

#include <cstdint>
#include <vector>

#include "tessera/simulate/molecular_surface.h"
#include "tessera/so3/rotation.h"

namespace tessera {

// Voxels (x … x + length − 1, y, z), relative to the body's voxel.
struct MaskRun {
  int16_t z, y, x, length;
};

// Up to 56 voxels of one row: bit b stands for voxel (x + b, y, z).
struct MaskChunk {
  int16_t z, y, x;
  uint64_t bits;
};

// The body's centre lies at (its voxel) + offset_voxels.
struct BodyMask {
  Rotation scene_from_ref;
  Vec3 offset_voxels{};             // each in [−½, ½)
  std::vector<MaskRun> voxels{};    // inside the surface
  std::vector<MaskRun> keep_out{};  // voxels within the gap of one of these; the same when the gap is 0
  std::vector<MaskRun> sealed{};    // empty voxels that the mask encloses: no path along faces leads out
  std::vector<MaskChunk> shell{};   // the 26-neighbours of keep_out, to count contacts on
  int64_t voxel_count = 0, shell_count = 0;
};

// How far from its voxel a body's runs reach in any orientation, in voxels; the shell reaches one more.
int mask_reach(const MolecularSurface& surface, double voxel_size_A, double gap_A);

// Voxel v is in the mask when its centre is inside the surface: contains(scene_from_ref⁻¹ (v − offset) voxel_size).
// The gap keeps out every voxel whose centre is no farther than gap_A from the centre of a voxel of the mask.
// Cost about 0.1 ms for a ribosome of 30 voxels.
BodyMask make_body_mask(const MolecularSurface& surface, const Rotation& scene_from_ref, Vec3 offset_voxels,
                        double voxel_size_A, double gap_A);

}  // namespace tessera
