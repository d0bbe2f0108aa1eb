// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/packing_statistics.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tessera/base/random.h"
#include "tessera/base/units.h"
#include "tests/reference/clusters.h"

namespace tessera {
namespace {

constexpr std::array<double, 3> box = {400, 400, 400};

TEST(Occupancy, OfTwoBallsInClosedForm) {
  const double r = 60, d = 70, lens = pi * (4 * r + d) * std::pow(2 * r - d, 2) / 12;
  const PackedBalls two{{{{-d / 2, 0, 0}, r}, {{d / 2, 0, 0}, r}}, {0, 1}, {1e5, 3e5}};
  const OccupancyStatistics o = occupancy_of(two, box, 2);
  const double ball = volume_A3(two.balls[0]);
  EXPECT_EQ(o.voxel_A, 2);
  EXPECT_NEAR(o.ball_volume_A3 / (2 * ball), 1, 2e-3);
  EXPECT_NEAR(o.overlap, lens / (2 * ball), 2e-3);
  EXPECT_NEAR(o.box_occupancy, (2 * ball - lens) / std::pow(400.0, 3), 1e-3);
  const double radius = std::sqrt(5.0 / 3 * (d * d / 4 + 0.6 * r * r));
  EXPECT_NEAR(o.cluster_radius_A, radius, 1e-9);
  EXPECT_NEAR(o.cluster_occupancy, 4e5 / volume_A3(Ball{{}, radius}), 1e-9);
  // Balls of one body do not overlap each other.
  const PackedBalls one{two.balls, {0, 0}, {4e5}};
  EXPECT_EQ(occupancy_of(one, box, 2).overlap, 0);
  EXPECT_NEAR(occupancy_of(one, box, 2).ball_volume_A3, 2 * ball - lens, 4e-3 * ball);
}

TEST(Occupancy, AFullSphereIsItsOwnCluster) {
  const PackedBalls one{{{{20, -10, 5}, 90}}, {0}, {volume_A3(Ball{{}, 90})}};
  const OccupancyStatistics o = occupancy_of(one, box, 3);
  EXPECT_NEAR(o.cluster_radius_A, 90, 1e-9);
  EXPECT_NEAR(o.cluster_occupancy, 1, 1e-9);
  EXPECT_NEAR(o.cluster_ball_occupancy, 1, 0.01);
}

TEST(Occupancy, WhatLeavesTheBoxIsNotInIt) {
  const PackedBalls half{{{{200, 0, 0}, 50}}, {0}, {1e5}};
  EXPECT_NEAR(occupancy_of(half, box, 2).box_occupancy, volume_A3(Ball{{}, 50}) / 2 / std::pow(400.0, 3), 2e-4);
}

TEST(Gaps, AreThoseOfAllPairs) {
  Random random(2, "gap test");
  PackedBalls packed;
  for (int i = 0; i < 120; ++i) {
    packed.balls.push_back(
        {{random.uniform(-200, 200), random.uniform(-200, 200), random.uniform(-200, 200)}, random.uniform(10, 40)});
    packed.body_of_ball.push_back(i / 4);
  }
  packed.volume_A3.assign(30, 1e5);
  std::vector<double> gaps(30, 160);
  double ratio = 1e300;
  for (int i = 0; i < 120; ++i)
    for (int j = 0; j < 120; ++j) {
      if (i / 4 == j / 4) continue;
      const double distance = (packed.balls[i].centre_A - packed.balls[j].centre_A).norm();
      const double radii = packed.balls[i].radius_A + packed.balls[j].radius_A;
      gaps[i / 4] = std::min(gaps[i / 4], distance - radii);
      ratio = std::min(ratio, distance / radii);
    }
  std::sort(gaps.begin(), gaps.end());
  const GapStatistics found = gaps_of(packed);
  EXPECT_NEAR(found.least_A, gaps.front(), 1e-9);
  EXPECT_NEAR(found.median_A, gaps[15], 1e-9);
  EXPECT_NEAR(found.deepest_ratio, ratio, 1e-9);
  EXPECT_NEAR(found.overlapping,
              static_cast<double>(std::count_if(gaps.begin(), gaps.end(), [](double g) { return g < 0; })) / 30, 1e-9);
  EXPECT_TRUE(std::isinf(gaps_of({{{{0, 0, 0}, 1}}, {0}, {1}}).median_A));
}

}  // namespace
}  // namespace tessera
