// SPDX-License-Identifier: GPL-3.0-or-later
// One block of the lattice is filled with copies of one species. Used by dense_packing.cc.
#pragma once

#include <functional>
#include <vector>

#include "tessera/simulate/dense_packing.h"

namespace tessera {

struct BlockTask {
  Voxel first;           // lowest position
  int64_t wanted = 0;    // copies
  uint64_t stream = 0;   // of random numbers, the block's own
  bool touching = true;  // where bodies touch most; else anywhere
};

struct BlockBody {
  Voxel voxel;
  BodyMask mask;
};

// Fills the block and marks the bodies in `occupancy`, of which it touches only the surroundings of its positions.
// Fewer bodies than wanted come back when no orientation of a whole round fits anywhere, or when `halt` says so.
std::vector<BlockBody> fill_block(Volume<uint8_t>& occupancy, const MolecularSurface& surface, double voxel_size_A,
                                  const BlockTask& task, const DensePackingOptions& options, uint64_t seed,
                                  const std::function<bool()>& halt);

}  // namespace tessera
