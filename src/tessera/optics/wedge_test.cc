// SPDX-License-Identifier: GPL-3.0-or-later
// The observed part of Fourier space against the planes of the tilts themselves.
#include "tessera/optics/wedge.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/base/units.h"
#include "tessera/optics/tilt_geometry.h"

namespace tessera {
namespace {

// Distance from (kx, kz) to the nearest of many central lines whose directions fill the tilt range.
double distance_to_tilts(const WedgeRange& range, double kx, double kz) {
  double nearest = std::hypot(kx, kz);
  const int steps = 4000;
  for (int i = 0; i <= steps; ++i) {
    const double tilt = range.min_tilt + (range.max_tilt - range.min_tilt) * i / steps;
    nearest = std::min(nearest, std::abs(kx * std::sin(tilt) - kz * std::cos(tilt)));
  }
  return nearest;
}

TEST(WedgeObserves, WhatLiesWithinTheMarginOfATilt) {
  Random random(2, "components");
  for (const auto& [low, high] : {std::pair{-60.0, 60.0}, {-50.0, 70.0}, {10.0, 30.0}, {-90.0, 90.0}, {5.0, 5.0}}) {
    const WedgeRange range{low * degree, high * degree};
    int inside = 0, outside = 0;
    for (int i = 0; i < 1500; ++i) {
      const double kx = random.uniform(-20, 20), kz = random.uniform(-20, 20), margin = random.uniform(0, 3);
      const double distance = distance_to_tilts(range, kx, kz);
      if (std::abs(distance - margin) < 0.03) continue;  // the lines stand up to 20 · π/4000 apart
      EXPECT_EQ(wedge_observes(range, kx, kz, margin), distance < margin)
          << kx << " " << kz << " " << margin << " in " << low << " to " << high;
      ++(distance < margin ? inside : outside);
    }
    EXPECT_GT(inside, 50);
    EXPECT_GT(outside, high - low < 170 ? 50 : -1);  // nothing lies outside of all tilts
  }
}

TEST(WedgeObserves, ItsOwnTiltsAndTheOppositeComponents) {
  const TiltRange tilts{-50, 70, 4};
  const WedgeRange range{-50 * degree, 70 * degree};
  for (const double tilt : tilt_angles(tilts))
    for (const double u : {-12.5, -1.0, 0.0, 3.0, 30.0}) {
      const Vec3 k = specimen_frequency(u, 7, tilt);
      EXPECT_TRUE(wedge_observes(range, k.x, k.z)) << tilt / degree << " " << u;
    }
  Random random(3, "components");
  for (int i = 0; i < 1000; ++i) {
    const double kx = random.uniform(-9, 9), kz = random.uniform(-9, 9);
    EXPECT_EQ(wedge_observes(range, kx, kz), wedge_observes(range, -kx, -kz));
  }
  EXPECT_TRUE(wedge_observes(range, 0, 0));  // the origin lies on every tilt
}

TEST(WedgeMask, IsBinarySymmetricAndTheSameAlongTheTiltAxis) {
  for (const int64_t n : {16, 17}) {
    const WedgeRange range{-50 * degree, 70 * degree};
    const Volume<float> mask = wedge_mask(n, range), whole = wedge_mask(n, range, false);
    const int64_t c = n / 2;
    EXPECT_EQ(mask(c, c, c), 1);
    for (int64_t z = 0; z < n; ++z)
      for (int64_t y = 0; y < n; ++y)
        for (int64_t x = 0; x < n; ++x) {
          const bool observed = wedge_observes(range, static_cast<double>(x - c), static_cast<double>(z - c));
          const int64_t square = (z - c) * (z - c) + (y - c) * (y - c) + (x - c) * (x - c);
          EXPECT_EQ(whole(z, y, x), observed ? 1 : 0);
          EXPECT_EQ(mask(z, y, x), observed && 4 * square < n * n ? 1 : 0);
          const int64_t mz = 2 * c - z, my = 2 * c - y, mx = 2 * c - x;
          const bool stored = mz < n && my < n && mx < n;  // an even box holds one of ±Nyquist
          EXPECT_TRUE(!stored || mask(z, y, x) == mask(mz, my, mx));
        }
  }
}

TEST(WedgeMask, RefusesRangesWithoutMeaning) {
  EXPECT_THROW(wedge_mask(8, {1, -1}), UserError);
  EXPECT_THROW(wedge_mask(8, {-2, 1}), UserError);
  EXPECT_THROW(wedge_mask(8, {-1, 2}), UserError);
  EXPECT_THROW(wedge_mask(8, {NAN, 1}), UserError);
}

TEST(TiltAngles, AreEvenlySpacedAndFillTheRange) {
  Random random(4, "ranges");
  for (int i = 0; i < 300; ++i) {
    const double low = std::round(random.uniform(-90, 80)), step = std::round(random.uniform(1, 60)) / 10,
                 high = std::min(90.0, low + std::round(random.uniform(0, 100)));
    const auto angles = tilt_angles({low, high, step});
    ASSERT_FALSE(angles.empty());  // though 0.3/0.1 < 3 in binary
    EXPECT_NEAR(angles.front(), low * degree, 1e-12);
    for (size_t j = 1; j < angles.size(); ++j) EXPECT_NEAR(angles[j] - angles[j - 1], step * degree, 2e-4 * step);
    EXPECT_LE(angles.back(), high * degree + 1e-12);
    EXPECT_GT(angles.back() + step * degree, (high + 0.005 * step) * degree);  // no further tilt would fit
  }
}

}  // namespace
}  // namespace tessera
