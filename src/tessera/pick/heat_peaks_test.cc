// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/heat_peaks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tessera/base/random.h"

namespace tessera {
namespace {

constexpr Shape3 shape{12, 17, 15};

// In two blocks that see more than they tell.
std::vector<Peak> scanned(const std::vector<Volume<float>>& maps, const std::vector<double>& radii, int threads) {
  Threads workers(threads);
  HeatPeaks scan(shape, radii);
  for (const auto& [block, told] : {std::pair{Region{0, 12, 0, 9, 0, 16}, Region{0, 12, 0, 6, 0, 15}},
                                    std::pair{Region{0, 12, 3, 17, 0, 15}, Region{0, 12, 6, 17, 0, 15}}}) {
    std::vector<float> heat;
    for (const Volume<float>& map : maps)
      for (int64_t z = block.z0; z < block.z1; ++z)
        for (int64_t y = block.y0; y < block.y1; ++y)
          for (int64_t x = block.x0; x < block.x1; ++x) heat.push_back(told.holds(z, y, x) ? map(z, y, x) : 9);
    scan.take(heat, block, told);
  }
  return scan.peaks(workers);
}

TEST(HeatPeaks, AreThoseOfWholeMaps) {
  const std::vector<double> radii = {3, 1.5};
  std::vector<Volume<float>> maps(3, Volume<float>(shape));
  Random random(4, "heat");
  for (Volume<float>& map : maps)
    for (float& value : map) value = static_cast<float>(std::pow(random.uniform(0, 1), 8));
  Threads one(1);
  std::vector<Peak> expected = find_peaks(maps[0], {.threshold = static_cast<float>(least_heat)}, one).peaks;
  for (Peak& peak : expected) {
    peak.label = maps[2].data()[peak.voxel] > maps[1].data()[peak.voxel];
    peak.radius_voxels = static_cast<float>(radii[static_cast<size_t>(peak.label)]);
  }
  expected = suppress_neighbours(expected, {0, heat_peak_share});
  for (const int threads : {1, 3}) {
    const std::vector<Peak> found = scanned(maps, radii, threads);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].voxel, expected[i].voxel);
      EXPECT_EQ(found[i].label, expected[i].label);
    }
  }
  EXPECT_GT(expected.size(), 5u);
  EXPECT_TRUE(std::any_of(expected.begin(), expected.end(), [](const Peak& p) { return p.label == 1; }));
}

// Places come from the first map, kinds from the others, however low.
TEST(HeatPeaks, TheHigherKindWins) {
  std::vector<Volume<float>> maps(3, Volume<float>(shape));
  const auto put = [&](size_t map, Vec3 at, double height) {
    for (int64_t z = 0; z < shape.z; ++z)
      for (int64_t y = 0; y < shape.y; ++y)
        for (int64_t x = 0; x < shape.x; ++x) {
          const Vec3 d = Vec3{double(x), double(y), double(z)} - at;
          float& value = maps[map](z, y, x);
          value = std::max(value, static_cast<float>(height * std::exp(-d.dot(d) / 4)));
        }
  };
  put(0, {5.3, 5, 5}, 0.9);
  put(1, {5, 5, 5}, 0.1);
  put(2, {5.3, 5, 5}, 0.3);
  put(0, {10, 12, 6.4}, 0.5);
  put(1, {10, 12, 6.4}, 0.05);
  put(2, {2, 14, 3}, 0.9);
  const std::vector<Peak> found = scanned(maps, {3, 3}, 1);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].label, 1);
  EXPECT_LT((found[0].position_voxels - Vec3{5.3, 5, 5}).norm(), 0.1);
  EXPECT_EQ(found[1].label, 0);
  EXPECT_LT((found[1].position_voxels - Vec3{10, 12, 6.4}).norm(), 0.1);
}

}  // namespace
}  // namespace tessera
