// SPDX-License-Identifier: GPL-3.0-or-later
// A network that answers for voxels, applied to a tomogram of any size in overlapping blocks.
#pragma once

#include <functional>
#include <vector>

#include "tessera/nn/network.h"
#include "tessera/parallel/exec_context.h"
#include "tessera/volume/tomogram.h"

namespace tessera {

struct BlockOptions {
  int block = 96;
  int overlap = 32;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"block", "voxels", "Edge of the blocks that the network is applied to; a multiple of 8", "Network"},
          block);
    visit(
        Option{"overlap", "voxels",
               "How far blocks overlap; from 40 on the seams are gone, and the result is that of one block", "Network"},
        overlap);
  }
  void add_faults(Faults& faults) const;
};

// The blocks of one axis: they begin on segmentation_grid, and their shares add up to 1 at every voxel. Two blocks meet
// at the middle of their overlap, where one share falls and the other rises, linearly over at most 8 voxels and, as far
// as the overlap allows, not within segmentation_reach of a block's end.
struct AxisBlocks {
  struct Block {
    int64_t begin = 0, length = 0;  // what the network sees; may pass the end of the axis by less than the grid
    int64_t from = 0;               // the first voxel of the axis where it has a share
    std::vector<float> shares;      // from there on
    int64_t to() const { return from + std::ssize(shares); }
  };
  std::vector<Block> blocks;  // ascending
};
AxisBlocks axis_blocks(int64_t voxels, const BlockOptions& options);

// What the network answers for a block: classes × its voxels.
struct BlockAnswer {
  const std::vector<float>& values;
  const AxisBlocks::Block &z, &y, &x;

  Region block() const {
    return {z.begin, z.begin + z.length, y.begin, y.begin + y.length, x.begin, x.begin + x.length};
  }
  // Where it has a share; where blocks meet, both have.
  Region told() const { return {z.from, z.to(), y.from, y.to(), x.from, x.to()}; }
};

// Applies the network block by block, x fastest. `tomogram` normalised as in training. Beyond its border the network is
// given 0. Memory: what the network needs for a block, about 1 kB a voxel. Interrupted.
void apply_to_blocks(Network& network, const Tomogram& tomogram, const BlockOptions& options, ExecContext& context,
                     const std::function<void(const BlockAnswer&)>& take);

// Takes plane z of the probabilities, classes × y × x; planes come in order.
using PlaneTaker = std::function<void(int64_t z, const std::vector<float>& probabilities)>;

// The same, blended by the blocks' shares. Memory: classes × y × x floats for about block − overlap planes besides
// (apply_memory_bytes). Oracle: one block that holds all (blockwise_test.cc).
void apply_in_blocks(Network& network, int classes, const Tomogram& tomogram, const BlockOptions& options,
                     ExecContext& context, const PlaneTaker& take);
double apply_memory_bytes(int classes, Shape3 shape, const BlockOptions& options);

}  // namespace tessera
