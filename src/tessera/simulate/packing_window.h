// SPDX-License-Identifier: GPL-3.0-or-later
// A block of the packing lattice as bits: where a body fits, for all of its positions at once.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "tessera/simulate/body_mask.h"
#include "tessera/volume/volume.h"

namespace tessera {

// Voxel indices.
struct Voxel {
  int64_t z = 0, y = 0, x = 0;
  bool operator==(const Voxel&) const = default;
};

// Positions (of a body's voxel) of one block, edge³ of them at most, and the occupancy as far round it as bodies and
// their shells reach. Voxels outside the lattice count as occupied, so that bodies stay inside and lean on the walls.
// The occupancy is kept as bits of rows, and for every power of two 2^k ≤ 32 as "any of the next 2^k voxels occupied":
// then one run of a mask is tested at 56 positions by two loads, whatever its length.
class PackingWindow {
 public:
  static constexpr int edge = 56;  // so that a 64-bit load from any byte holds a whole row of positions

  // `first`: lowest position; `reach`: how far the bodies' runs reach, in voxels (mask_reach). Positions past the
  // lattice's end are left out. `occupancy` is read within reach + 1 of the positions, and not kept.
  PackingWindow(const Volume<uint8_t>& occupancy, Voxel first, int reach);

  // Bit x of word z·edge + y: the body fits at first + (z, y, x). False when it fits nowhere.
  // Cost: rows × runs until each row of positions is blocked; about 0.1–1 ms.
  bool find_free(const BodyMask& mask, std::vector<uint64_t>& free) const;

  bool fits(const BodyMask& mask, Voxel position) const;
  // Voxels of the shell that are occupied or outside the lattice.
  int64_t contacts(const BodyMask& mask, Voxel position) const;
  // Marks the mask's voxels, and those it encloses, as occupied.
  void add(const BodyMask& mask, Voxel position);

  // Empty voxels among the positions.
  int64_t empty_voxels() const;

 private:
  static constexpr int levels = 6;
  const uint8_t* row(int level, int64_t z, int64_t y) const {
    return bits_.data() + level * level_bytes_ + (z * rows_ + y) * row_bytes_;
  }
  uint8_t* row(int level, int64_t z, int64_t y) { return const_cast<uint8_t*>(std::as_const(*this).row(level, z, y)); }
  void refresh_row(int64_t z, int64_t y);
  void add_runs(const std::vector<MaskRun>& runs, Voxel position);

  Voxel first_;
  std::array<int64_t, 3> size_;  // positions along z, y, x
  int64_t reach_, rows_, row_bytes_, level_bytes_;
  std::vector<uint8_t> bits_;
};

// Numbers of blocked positions among the six neighbours of each free one, as sets: out[k] holds those with k. Positions
// outside the block count as free.
std::array<std::vector<uint64_t>, 7> by_blocked_neighbours(const std::vector<uint64_t>& free);

}  // namespace tessera
