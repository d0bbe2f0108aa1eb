// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/coarse_grain.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "tessera/base/units.h"
#include "tessera/simulate/builtin.h"
#include "tessera/simulate/k_means.h"
#include "tests/reference/clusters.h"

namespace tessera {
namespace {

using testing::HasSubstr;

std::vector<Vec3> cloud(int count, uint64_t item) {
  Random random(3, "coarse grain test", item);
  std::vector<Vec3> points;
  for (int i = 0; i < count; ++i)
    points.push_back({random.normal() * 30, random.normal() * 20, random.normal() * 10 + 500});
  return points;
}

TEST(KMeans, EveryPointIsInTheNearestClusterAndCentresAreMeans) {
  const auto points = cloud(3000, 1);
  Threads one(1), two(2);
  const KMeans found = k_means(points, {7, 3, 300, true}, 5, one);
  ASSERT_TRUE(found.converged);
  std::vector<Vec3> sums(7);
  std::vector<double> counts(7);
  double inertia = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    const Vec3 own = points[i] - found.centres[found.cluster[i]];
    const Vec3 best = points[i] - found.centres[reference::nearest_centre(points[i], found.centres)];
    EXPECT_LE(own.norm(), best.norm() + 1e-3) << "ties within single precision";
    sums[found.cluster[i]] += points[i];
    ++counts[found.cluster[i]];
    inertia += own.dot(own);
  }
  for (int c = 0; c < 7; ++c) EXPECT_LT((sums[c] * (1 / counts[c]) - found.centres[c]).norm(), 1e-9);
  EXPECT_NEAR(found.inertia, inertia, 1e-9 * inertia);
  const KMeans again = k_means(points, {7, 3, 300, true}, 5, two);
  EXPECT_EQ(found.centres, again.centres) << "any number of threads";
}

TEST(KMeans, RestartsDoNotLoosenAndSeparateClumpsAreFound) {
  const auto points = cloud(2000, 2);
  Threads threads(1);
  const double one = k_means(points, {9, 1, 300, false}, 8, threads).inertia;
  EXPECT_LE(k_means(points, {9, 8, 300, false}, 8, threads).inertia, one) << "start 0 is one of the eight";
  std::vector<Vec3> clumps;
  for (int c = 0; c < 5; ++c)
    for (const Vec3& p : cloud(200, 10 + c)) clumps.push_back(p * 0.05 + Vec3{200.0 * c, 0, 0});
  const KMeans found = k_means(clumps, {5, 10, 300, true}, 1, threads);
  for (int c = 0; c < 5; ++c)
    for (int i = 0; i < 200; ++i) EXPECT_EQ(found.cluster[200 * c + i], c) << "centres are in order of x";
}

TEST(KMeans, NoClusterIsLeftEmpty) {
  Threads threads(1);
  const std::vector<Vec3> points = {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}, {1, 0, 0}, {9, 0, 0}};
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const KMeans found = k_means(points, {3, 1, 300, false}, seed, threads);
    for (int c = 0; c < 3; ++c) EXPECT_EQ(std::count(found.cluster.begin(), found.cluster.end(), c) > 0, true);
  }
  EXPECT_THROW(k_means(points, {4, 1, 300, true}, 1, threads), UserError);
}

TEST(UnionVolume, ClosedFormsAndMonteCarlo) {
  const std::vector<Ball> apart = {{{0, 0, 0}, 10}, {{100, 0, 0}, 20}};
  EXPECT_NEAR(union_volume_A3(apart), volume_A3(apart[0]) + volume_A3(apart[1]), 1e-3 * volume_A3(apart[1]));
  // Two unit balls at distance d share a lens of π(4 + d)(2 − d)²/12.
  const double d = 0.7, lens = pi * (4 + d) * (2 - d) * (2 - d) / 12;
  const std::vector<Ball> two = {{{0, 0, 0}, 1}, {{0.3, d * 0.6, std::sqrt(d * d * 0.64 - 0.09)}, 1}};
  EXPECT_NEAR(union_volume_A3(two), 8 * pi / 3 - lens, 3e-4 * 8 * pi / 3);
  Random random(1, "union volume test");
  std::vector<Ball> many;
  for (int i = 0; i < 12; ++i)
    many.push_back({{random.uniform(20, 80), random.uniform(20, 80), random.uniform(20, 80)}, random.uniform(5, 20)});
  const double oracle = reference::monte_carlo_volume(many, {0, 0, 0}, 100, 400000, random);
  EXPECT_NEAR(union_volume_A3(many) / oracle, 1, 0.02) << "four standard errors of the draws";
}

TEST(EnclosingBall, TouchesAndHolds) {
  for (uint64_t item = 0; item < 10; ++item) {
    const auto points = cloud(500, 100 + item);
    const Ball ball = enclosing_ball(points);
    int touching = 0;
    for (const Vec3& p : points) {
      EXPECT_LE((p - ball.centre_A).norm(), ball.radius_A * (1 + 1e-8));
      touching += (p - ball.centre_A).norm() > ball.radius_A * (1 - 1e-7);
    }
    EXPECT_GE(touching, 2);
    // No ball with a centre nearby is smaller.
    Random random(item, "enclosing ball test");
    for (int trial = 0; trial < 50; ++trial) {
      const Vec3 centre =
          ball.centre_A + Vec3{random.normal(), random.normal(), random.normal()} * (0.01 * ball.radius_A);
      double radius = 0;
      for (const Vec3& p : points) radius = std::max(radius, (p - centre).norm());
      EXPECT_GE(radius, ball.radius_A * (1 - 1e-8));
    }
  }
  const std::vector<Vec3> tetrahedron = {{1, 1, 1}, {1, -1, -1}, {-1, 1, -1}, {-1, -1, 1}, {0.1, 0, 0}};
  EXPECT_NEAR(enclosing_ball(tetrahedron).radius_A, std::sqrt(3.0), 1e-9);
  const std::vector<Vec3> same = {{4, 5, 6}, {4, 5, 6}};
  EXPECT_EQ(enclosing_ball(same).radius_A, 0);
}

TEST(CoarseGrain, BallsSaveSpaceOnARod) {
  AtomicModel rod;
  for (int i = 0; i < 1600; ++i) rod.atoms.push_back({{static_cast<double>(i % 4) * 4, i / 4 % 4 * 4.0, i / 16 * 2.0}});
  Threads threads(1);
  CoarseGrainOptions options;
  options.atoms_per_ball = 200;
  const CoarseModel coarse = coarse_grain(rod, options, 1, threads);
  EXPECT_EQ(coarse.balls.size(), 8u);
  EXPECT_GT(coarse.volumes.saved(), 0.8) << "eight balls in a row instead of one around a rod of 200 Å";
}

TEST(CoarseGrain, FollowsThePaper) {
  const AtomicModel model = make_builtin("chaperonin");
  Threads threads(1);
  CoarseGrainOptions options;
  options.restarts = 2;
  const CoarseModel coarse = coarse_grain(model, options, 1, threads);
  const int64_t k = std::max<int64_t>(3, (coarse.atoms + 4999) / 5000);
  ASSERT_EQ(static_cast<int64_t>(coarse.balls.size()), k);
  EXPECT_EQ(std::accumulate(coarse.atoms_of_ball.begin(), coarse.atoms_of_ball.end(), int64_t{0}), coarse.atoms);
  for (const Atom& atom : model.atoms) {
    if (atom.atomic_number == 1) continue;
    const Vec3 p = atom.position_A - coarse.centre_of_mass_A;
    EXPECT_TRUE(std::any_of(coarse.balls.begin(), coarse.balls.end(), [&](const Ball& b) {
      return (p - b.centre_A).norm() <= b.radius_A + 1e-9;
    })) << "every atom lies in a ball";
    if (HasFailure()) break;
  }
  const CoarseVolumes& v = coarse.volumes;
  EXPECT_LT(v.isosurface_A3, v.multi_ball_A3);
  EXPECT_LT(v.isosurface_A3, v.single_ball_A3);
  options.atoms_per_ball = static_cast<int>(coarse.atoms / 8);
  options.least_balls = 5;
  EXPECT_GE(coarse_grain(model, options, 1, threads).balls.size(), 8u);
  options.least_balls = static_cast<int>(coarse.atoms) + 1;
  EXPECT_THROW(coarse_grain(model, options, 1, threads), UserError);
}

}  // namespace
}  // namespace tessera
