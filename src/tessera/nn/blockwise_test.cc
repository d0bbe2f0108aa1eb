// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/nn/blockwise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tessera/base/random.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

TEST(AxisBlocks, SharesAddUpToOne) {
  for (const BlockOptions options : {BlockOptions{96, 32}, BlockOptions{96, 40}, BlockOptions{32, 16},
                                     BlockOptions{16, 8}, BlockOptions{64, 8}, BlockOptions{48, 24}})
    for (const int64_t voxels : {1, 7, 16, 17, 31, 32, 33, 100, 121, 250, 401}) {
      std::vector<double> sum(voxels);
      int64_t before = -1;
      for (const auto& block : axis_blocks(voxels, options).blocks) {
        EXPECT_EQ(block.begin % segmentation_grid, 0);
        EXPECT_EQ(block.length % segmentation_grid, 0);
        EXPECT_LE(block.length, options.block);
        EXPECT_GT(block.begin, before);
        EXPECT_GE(block.from, block.begin);
        EXPECT_LE(block.to(), std::min(voxels, block.begin + block.length));
        before = block.begin;
        for (int64_t i = block.from; i < block.to(); ++i) sum[i] += block.shares[i - block.from];
      }
      for (int64_t i = 0; i < voxels; ++i)
        EXPECT_NEAR(sum[i], 1, 1e-6) << voxels << " voxels in " << options.block << " at " << i;
    }
}

TEST(AxisBlocks, OfWideOverlapsHaveNoShareWhereTheBorderIsSeen) {
  const AxisBlocks axis = axis_blocks(400, {96, 40});
  ASSERT_GT(axis.blocks.size(), 2u);
  for (const auto& block : axis.blocks) {
    const bool first = &block == &axis.blocks.front(), last = &block == &axis.blocks.back();
    EXPECT_TRUE(first || block.from >= block.begin + segmentation_reach);
    EXPECT_TRUE(last || block.to() <= block.begin + block.length - segmentation_reach);
  }
}

struct Applied {
  Volume<float> first;  // probability of class 0
  double worst_sum = 0;
};

Applied applied(Network& network, const Volume<float>& tomogram, const BlockOptions& options) {
  test::Workers workers(1);
  Applied out{Volume<float>(tomogram.shape()), 0};
  const int64_t plane = tomogram.shape().y * tomogram.shape().x;
  int64_t next = 0;
  apply_in_blocks(network, 3, tomogram_of(tomogram, 10), options, workers.context,
                  [&](int64_t z, const std::vector<float>& values) {
                    EXPECT_EQ(z, next++) << "planes in order";
                    for (int64_t v = 0; v < plane; ++v) {
                      out.first[z * plane + v] = values[v];
                      const double sum = values[v] + values[plane + v] + values[2 * plane + v];
                      out.worst_sum = std::max(out.worst_sum, std::abs(sum - 1));
                    }
                  });
  EXPECT_EQ(next, tomogram.shape().z);
  return out;
}

double difference(const Volume<float>& a, const Volume<float>& b) {
  double worst = 0;
  for (int64_t i = 0; i < a.size(); ++i) worst = std::max(worst, static_cast<double>(std::abs(a[i] - b[i])));
  return worst;
}

class Blockwise : public testing::Test {
 protected:
  void SetUp() override {
    std::string reason;
    if (!networks_available(&reason)) GTEST_SKIP() << reason;
    NetworkOptions options;
    options.network = "edssn3d-full";
    options.width = 0.125;
    options.classes = 3;
    network_ = make_network(options);
    Random random(5, "blockwise test");
    for (float& value : tomogram_) value = static_cast<float>(3 * random.normal());
  }
  std::unique_ptr<Network> network_;
  Volume<float> tomogram_{{131, 15, 90}};  // no multiples of 8
};

TEST_F(Blockwise, IsOneBlockWhereTheOverlapIsWide) {
  const Applied whole = applied(*network_, tomogram_, {144, 40}), blocks = applied(*network_, tomogram_, {80, 40});
  EXPECT_LT(whole.worst_sum, 1e-5);
  EXPECT_LT(blocks.worst_sum, 1e-5);
  const auto [low, high] = std::minmax_element(whole.first.begin(), whole.first.end());
  EXPECT_GT(*high - *low, 0.1) << "otherwise anything agrees";
  EXPECT_LT(difference(whole.first, blocks.first), 1e-5);
}

// What unet3d depends on is what edssn3d does: the same overlap will do.
TEST_F(Blockwise, HeatMapsAreThoseOfOneBlock) {
  NetworkOptions options;
  options.network = "unet3d";
  options.width = 0.125;
  options.classes = 3;
  const auto network = make_network(options);
  std::vector<NamedTensor> state = network->state();
  for (NamedTensor& tensor : state)
    if (tensor.name == "last0.bias") tensor.values.assign(3, 0.0f);  // heat of about a half instead of a hundredth
  network->set_state(state);
  const Applied whole = applied(*network, tomogram_, {144, 40}), blocks = applied(*network, tomogram_, {80, 40});
  const auto [low, high] = std::minmax_element(whole.first.begin(), whole.first.end());
  EXPECT_GT(*high - *low, 0.1) << "otherwise anything agrees";
  EXPECT_LT(difference(whole.first, blocks.first), 1e-5);
  EXPECT_GT(difference(whole.first, applied(*network, tomogram_, {80, 16}).first), 1e-5) << "narrower ones do not";
}

TEST_F(Blockwise, DiffersAtSeamsAloneWhereItIsNarrow) {
  const Applied whole = applied(*network_, tomogram_, {144, 40}), blocks = applied(*network_, tomogram_, {80, 16});
  EXPECT_LT(blocks.worst_sum, 1e-5);
  const auto inside = [](const AxisBlocks& axis, int64_t i) {  // of every block that has a share
    return std::all_of(axis.blocks.begin(), axis.blocks.end(), [&](const AxisBlocks::Block& block) {
      if (i < block.from || i >= block.to()) return true;
      const bool first = &block == &axis.blocks.front(), last = &block == &axis.blocks.back();
      return (first || i >= block.begin + segmentation_reach) &&
             (last || i < block.begin + block.length - segmentation_reach);
    });
  };
  const BlockOptions narrow{80, 16};
  const Shape3 s = tomogram_.shape();
  const AxisBlocks az = axis_blocks(s.z, narrow), ay = axis_blocks(s.y, narrow), ax = axis_blocks(s.x, narrow);
  int64_t compared = 0;
  for (int64_t z = 0; z < s.z; ++z)
    for (int64_t y = 0; y < s.y; ++y)
      for (int64_t x = 0; x < s.x; ++x)
        if (inside(az, z) && inside(ay, y) && inside(ax, x)) {
          ++compared;
          ASSERT_NEAR(whole.first(z, y, x), blocks.first(z, y, x), 1e-5) << z << " " << y << " " << x;
        }
  EXPECT_GT(compared, tomogram_.size() / 4);
  EXPECT_GT(difference(whole.first, blocks.first), 1e-5) << "the seams are seen";
}

TEST(BlockOptions, OfOtherGridsAreRefused) {
  const auto faults = [](const BlockOptions& options) {
    Faults out;
    options.add_faults(out);
    return out.size();
  };
  EXPECT_EQ(faults({96, 32}), 0u);
  EXPECT_EQ(faults({100, 32}), 1u);
  EXPECT_EQ(faults({96, 56}), 1u) << "three blocks would meet";
  EXPECT_EQ(faults({12, 3}), 2u);
}

}  // namespace
}  // namespace tessera
