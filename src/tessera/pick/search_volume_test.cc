// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/search_volume.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/random.h"
#include "tessera/base/units.h"
#include "tessera/pick/noise_spectrum.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

// A slow wave keeps its values on the new voxels, wherever the blocks lie.
TEST(SearchVolume, KeepsSlowWaves) {
  test::Workers workers(2);
  const Shape3 shape{24, 300, 40};
  Map map{Volume<float>(shape), 10, {}};
  const auto wave = [](double x, double y) { return std::sin(2 * pi * (x / 20 + y / 25)); };
  for (int64_t z = 0; z < shape.z; ++z)
    for (int64_t y = 0; y < shape.y; ++y)
      for (int64_t x = 0; x < shape.x; ++x)
        map.voxels(z, y, x) = static_cast<float>(5 + wave(static_cast<double>(x), static_cast<double>(y)));
  for (const double ratio : {1.0, 1.25, 2.0, 3.0}) {
    const SearchVolume out = make_search_volume(
        tomogram_of(map), ratio, 5, [](Vec3) { return 1.0; }, workers.context);
    EXPECT_EQ(out.voxels.shape().y, static_cast<int64_t>(std::ceil(300 / ratio)));
    const Shape3 n = out.voxels.shape();
    for (int64_t y = 10; y < n.y - 10; ++y)  // far from the faces of the tomogram, beyond which it is flat
      for (int64_t x = n.x / 2 - 2; x < n.x / 2 + 2; ++x)
        EXPECT_NEAR(out.voxels(n.z / 2, y, x), wave(static_cast<double>(x) * ratio, static_cast<double>(y) * ratio),
                    0.12)
            << ratio << " " << y;
  }
}

TEST(SearchVolume, RatiosHoldTheBand) {
  EXPECT_EQ(search_ratio(10, 20), 1);
  EXPECT_EQ(search_ratio(10, 5), 1);
  EXPECT_EQ(search_ratio(10, 33), 1.5);
  EXPECT_EQ(search_ratio(10, 60), 3);
}

// White noise has a flat spectrum; blurred noise has that of its kernel.
TEST(NoiseSpectrum, IsThatOfTheNoise) {
  test::Workers workers(2);
  Map map{Volume<float>({70, 80, 140}), 10, {}};
  Random random(1, "spectrum", 0);
  for (float& v : map.voxels) v = static_cast<float>(4 + 3 * random.normal());
  const NoiseSpectrum white(tomogram_of(map), WedgeRange{-60 * degree, 60 * degree}, workers.context);
  EXPECT_NEAR(white.mean(), 4, 0.02);
  EXPECT_NEAR(white.variance(), 9, 0.1);
  for (const double k : {0.1, 0.25, 0.45})
    for (const double tilt : {-50.0, 0.0, 30.0, 85.0})
      EXPECT_NEAR(white({k * std::cos(tilt * degree), 0, k * std::sin(tilt * degree)}), 1,
                  0.3);  // the smallest bin holds some 70 components: standard error 0.12 over 4 tiles
  Map blurred = map;
  for (int64_t i = 1; i < map.voxels.size(); ++i) blurred.voxels[i] = 0.5F * (map.voxels[i] + map.voxels[i - 1]);
  const NoiseSpectrum low(tomogram_of(blurred), std::nullopt, workers.context);
  EXPECT_GT(low({0.05, 0, 0}), 1.3 * low({0.45, 0, 0}));
  EXPECT_EQ(NoiseSpectrum()({0.3, 0, 0}), 1);
}

}  // namespace
}  // namespace tessera
