// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/heat_peaks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tessera/base/random.h"

namespace tessera {
namespace {

constexpr Shape3 shape{12, 17, 15};

std::vector<Peak> scanned(const std::vector<Volume<float>>& maps, const std::vector<double>& radii, int threads) {
  Threads workers(threads);
  HeatPeaks scan(shape, radii);
  const int64_t plane = shape.y * shape.x;
  for (int64_t z = 0; z < shape.z; ++z) {
    std::vector<float> planes;
    for (const Volume<float>& map : maps)
      planes.insert(planes.end(), map.begin() + z * plane, map.begin() + (z + 1) * plane);
    scan.take(z, planes, workers);
  }
  return scan.peaks();
}

TEST(HeatPeaks, AreThoseOfWholeMaps) {
  const std::vector<double> radii = {3, 1.5};
  std::vector<Volume<float>> maps(2, Volume<float>(shape));
  Random random(4, "heat");
  std::vector<Peak> expected;
  Threads one(1);
  for (size_t k = 0; k < 2; ++k) {
    for (float& value : maps[k]) value = static_cast<float>(std::pow(random.uniform(0, 1), 8));
    for (Peak peak : find_peaks(maps[k], {.threshold = static_cast<float>(least_heat)}, one).peaks) {
      peak.label = static_cast<int32_t>(k);
      peak.radius_voxels = static_cast<float>(radii[k]);
      expected.push_back(peak);
    }
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

// Two classes answer to one place: the higher one is the pick, and a lower one of another place stays.
TEST(HeatPeaks, TheHigherClassWins) {
  std::vector<Volume<float>> maps(2, Volume<float>(shape));
  const auto put = [&](size_t map, Vec3 at, double height) {
    for (int64_t z = 0; z < shape.z; ++z)
      for (int64_t y = 0; y < shape.y; ++y)
        for (int64_t x = 0; x < shape.x; ++x) {
          const Vec3 d = Vec3{double(x), double(y), double(z)} - at;
          float& value = maps[map](z, y, x);
          value = std::max(value, static_cast<float>(height * std::exp(-d.dot(d) / 4)));
        }
  };
  put(0, {5, 5, 5}, 0.6);
  put(1, {5.3, 5, 5}, 0.9);
  put(0, {10, 12, 6.4}, 0.5);
  const std::vector<Peak> found = scanned(maps, {3, 3}, 1);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].label, 1);
  EXPECT_LT((found[0].position_voxels - Vec3{5.3, 5, 5}).norm(), 0.1);
  EXPECT_EQ(found[1].label, 0);
  EXPECT_LT((found[1].position_voxels - Vec3{10, 12, 6.4}).norm(), 0.1);
}

}  // namespace
}  // namespace tessera
