// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/angular_coverage.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tessera/base/units.h"

namespace tessera {
namespace {

std::vector<WeightedRotation> uniform(int count, uint64_t seed = 1) {
  Random random(seed, "coverage");
  std::vector<WeightedRotation> out(count);
  for (WeightedRotation& r : out) r.particle_from_ref = Rotation::random(random);
  return out;
}

TEST(Healpix, CentresLieInTheirCells) {
  for (const int side : {1, 2, 3, 4, 8})
    for (int cell = 0; cell < 12 * side * side; ++cell) {
      const Vec3 centre = healpix_centre(cell, side);
      EXPECT_NEAR(centre.norm(), 1, 1e-12);
      EXPECT_EQ(healpix_cell(centre, side), cell) << side;
    }
}

TEST(Healpix, CellsAreOfEqualAreaAndCompact) {
  Random random(2, "healpix");
  for (const int side : {1, 2, 4}) {
    const int cells = 12 * side * side, draws = 400 * cells;
    std::vector<int> count(cells);
    for (int i = 0; i < draws; ++i) {
      Vec3 v{random.normal(), random.normal(), random.normal()};
      v = v * (1 / v.norm());
      const int cell = healpix_cell(v, side);
      ASSERT_GE(cell, 0);
      ASSERT_LT(cell, cells);
      ++count[cell];
      // The corners nearest the poles are the farthest: 48° from the centre at side 1, 56°/4 at side 4.
      EXPECT_LT(std::acos(std::clamp(v.dot(healpix_centre(cell, side)), -1.0, 1.0)), 57 * degree / side);
    }
    for (const int c : count) EXPECT_NEAR(c, 400, 5 * std::sqrt(400.0));  // five standard deviations
  }
}

TEST(AngularCoverage, OfUniformRotationsIsOneForAnyNumber) {
  for (const int count : {100, 400, 2000, 50000}) {
    const AngularCoverage coverage = angular_coverage(uniform(count));
    EXPECT_GT(coverage.directions, 0.95) << count;
    EXPECT_LE(coverage.directions, 1);
    EXPECT_NEAR(coverage.effective_samples, count, 1e-6 * count);
    // Poisson counts in at most 192 bins: none is three times the mean of at least eight.
    EXPECT_LT(coverage.largest_excess, 3) << count;
  }
  EXPECT_GT(angular_coverage(uniform(50000)).rotations, 0.97);
}

TEST(AngularCoverage, OfOneRotationIsOneBin) {
  std::vector<WeightedRotation> alike(1000);
  for (WeightedRotation& r : alike) r.particle_from_ref = Rotation::from_euler({0.3, 1.1, 2.0});
  const AngularCoverage coverage = angular_coverage(alike);
  EXPECT_NEAR(coverage.directions, 1.0 / coverage.direction_bins, 1e-12);
  EXPECT_NEAR(coverage.rotations, 1.0 / coverage.rotation_bins, 1e-12);
  EXPECT_DOUBLE_EQ(coverage.largest_share, 1);
  const Vec3 beam = alike[0].particle_from_ref.inverse() * Vec3{0, 0, 1};
  EXPECT_GT(beam.dot(coverage.most_common_direction), std::cos(15 * degree));
}

TEST(AngularCoverage, TurnsAboutTheBeamShareOneDirection) {
  std::vector<WeightedRotation> spun;
  const Rotation tilted = Rotation::from_euler({0.4, 0.9, -0.2});
  for (int i = 0; i < 2000; ++i)
    spun.push_back({Rotation::about_axis({0, 0, 1}, 2 * pi * (i + 0.5) / 2000) * tilted, 1});
  const AngularCoverage coverage = angular_coverage(spun);
  EXPECT_DOUBLE_EQ(coverage.largest_share, 1);
  EXPECT_NEAR(coverage.rotations, 1.0 / coverage.direction_bins, 1e-2 / coverage.direction_bins);
}

TEST(AngularCoverage, OfAHemisphereIsHalf) {
  std::vector<WeightedRotation> half;
  for (const WeightedRotation& r : uniform(40000))
    if ((r.particle_from_ref.inverse() * Vec3{0, 0, 1}).z > 0) half.push_back(r);
  const AngularCoverage coverage = angular_coverage(half);
  EXPECT_NEAR(coverage.directions, 0.5, 0.05);  // the ring of cells on the equator is cut in two
  EXPECT_NEAR(coverage.rotations, 0.5, 0.05);
}

TEST(AngularCoverage, CountsWeights) {
  // Every rotation in two halves, and some without weight, change nothing.
  std::vector<WeightedRotation> once = uniform(3000), split;
  for (const WeightedRotation& r : once) {
    split.push_back({r.particle_from_ref, 2});
    split.push_back({Rotation::from_euler({0, 0, 0}), 0});
  }
  const AngularCoverage a = angular_coverage(once), b = angular_coverage(split);
  EXPECT_DOUBLE_EQ(a.directions, b.directions);
  EXPECT_DOUBLE_EQ(a.rotations, b.rotations);
  once[0].weight = 1e6;  // one particle that outweighs all
  EXPECT_GT(angular_coverage(once).largest_share, 0.99);
  EXPECT_LT(angular_coverage(once).effective_samples, 1.1);
  EXPECT_EQ(angular_coverage({}).direction_bins, 0);
  EXPECT_EQ(angular_coverage({{Rotation(), 0}}).directions, 0);
}

}  // namespace
}  // namespace tessera
