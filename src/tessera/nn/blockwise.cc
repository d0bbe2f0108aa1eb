// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/nn/blockwise.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "tessera/base/sink.h"

namespace tessera {
namespace {

constexpr int64_t grid = segmentation_grid;

int64_t on_grid(int64_t voxels) {
  return (voxels + grid - 1) / grid * grid;
}

// Planes of probabilities that are not complete yet.
class Front {
 public:
  Front(int64_t values, const PlaneTaker& take) : values_(static_cast<size_t>(values)), take_(take) {}
  std::vector<float>& plane(int64_t z) {
    while (z >= first_ + std::ssize(planes_)) planes_.emplace_back(values_, 0.0f);
    return planes_[static_cast<size_t>(z - first_)];
  }
  // Planes below z are complete.
  void finish(int64_t z) {
    for (; first_ < z && !planes_.empty(); ++first_) {
      take_(first_, planes_.front());
      planes_.pop_front();
    }
  }

 private:
  size_t values_;
  const PlaneTaker& take_;
  int64_t first_ = 0;
  std::deque<std::vector<float>> planes_;
};

void add_block(const BlockAnswer& answer, int classes, Shape3 plane, Front& front) {
  const auto& [found, bz, by, bx] = answer;
  for (int64_t z = bz.from; z < bz.to(); ++z) {
    std::vector<float>& to = front.plane(z);
    for (int c = 0; c < classes; ++c)
      for (int64_t y = by.from; y < by.to(); ++y) {
        const float share = bz.shares[z - bz.from] * by.shares[y - by.from];
        const float* row =
            found.data() + ((c * bz.length + z - bz.begin) * by.length + y - by.begin) * bx.length + bx.from - bx.begin;
        float* out = to.data() + (c * plane.y + y) * plane.x + bx.from;
        for (int64_t x = 0; x < std::ssize(bx.shares); ++x) out[x] += share * bx.shares[x] * row[x];
      }
  }
}

}  // namespace

void BlockOptions::add_faults(Faults& faults) const {
  if (block < 2 * segmentation_grid || block > 512 || block % segmentation_grid != 0)
    faults.add(fmt::format("--block {}: a multiple of {}, {} to 512", block, segmentation_grid, 2 * segmentation_grid));
  if (overlap < segmentation_grid || overlap % segmentation_grid != 0 || 2 * overlap > block)
    faults.add(fmt::format("--overlap {}: a multiple of {}, at most half of --block", overlap, segmentation_grid));
}

AxisBlocks axis_blocks(int64_t voxels, const BlockOptions& options) {
  const int64_t padded = on_grid(voxels), edge = std::min<int64_t>(options.block, padded);
  const int64_t step = options.block - options.overlap;
  const int64_t count = padded <= edge ? 1 : (padded - options.overlap + step - 1) / step;
  AxisBlocks out;
  for (int64_t k = 0; k < count; ++k) {
    const int64_t begin = count == 1 ? 0 : (padded - edge) / grid * k / (count - 1) * grid;
    out.blocks.push_back({begin, edge, 0, {}});
  }
  // Where block k takes over from the one before: rises from 0 to 1 about the middle of what both see.
  const auto share_risen = [&](int64_t k, int64_t voxel) {
    if (k == 0) return 1.0f;
    if (k == count) return 0.0f;
    const int64_t begin = out.blocks[k].begin, end = out.blocks[k - 1].begin + edge;
    const auto width = static_cast<double>(std::clamp<int64_t>(end - begin - int64_t{2} * segmentation_reach, 2, 8));
    const double middle = static_cast<double>(begin + end) / 2;
    return static_cast<float>(std::clamp((static_cast<double>(voxel) + 0.5 - middle) / width + 0.5, 0.0, 1.0));
  };
  for (int64_t k = 0; k < count; ++k) {
    AxisBlocks::Block& block = out.blocks[k];
    for (int64_t i = block.begin; i < std::min(voxels, block.begin + edge); ++i) {
      const float share = share_risen(k, i) - share_risen(k + 1, i);
      if (share <= 0) continue;
      if (block.shares.empty()) block.from = i;
      block.shares.push_back(share);
    }
  }
  return out;
}

double apply_memory_bytes(int classes, Shape3 shape, const BlockOptions& options) {
  const AxisBlocks z = axis_blocks(shape.z, options);
  int64_t planes = 0;
  for (const auto& block : z.blocks) planes = std::max(planes, std::ssize(block.shares));
  const double block = std::pow(options.block, 3);
  return 4.0 * classes * static_cast<double>(shape.y * shape.x * (planes + 8)) + block * (1024.0 + 8.0 * classes);
}

void apply_to_blocks(Network& network, const Tomogram& tomogram, const BlockOptions& options, ExecContext& context,
                     const std::function<void(const BlockAnswer&)>& take) {
  const Shape3 shape = tomogram.shape;
  const auto z = axis_blocks(shape.z, options).blocks, y = axis_blocks(shape.y, options).blocks,
             x = axis_blocks(shape.x, options).blocks;
  Progress progress(context.sink, "applying the network", std::ssize(z) * std::ssize(y) * std::ssize(x));
  for (const auto& bz : z)
    for (const auto& by : y)
      for (const auto& bx : x) {
        if (context.stop_requested()) throw Interrupted("stopped while applying the network; nothing was written");
        const Shape3 block{bz.length, by.length, bx.length};
        const TomogramBox box = read_box(tomogram, bz.begin, by.begin, bx.begin, block);
        const std::vector<float> values = network.probabilities(box.voxels.data(), block);
        take({values, bz, by, bx});
        progress.advance();
      }
}

void apply_in_blocks(Network& network, int classes, const Tomogram& tomogram, const BlockOptions& options,
                     ExecContext& context, const PlaneTaker& take) {
  const Shape3 shape = tomogram.shape;
  Front front(classes * shape.y * shape.x, take);
  apply_to_blocks(network, tomogram, options, context, [&](const BlockAnswer& answer) {
    front.finish(answer.z.from);
    add_block(answer, classes, shape, front);
  });
  front.finish(shape.z);
}

}  // namespace tessera
