// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/voronoi.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

std::vector<Pose> scattered(int count, double reach, uint64_t seed) {
  Random random(seed, "candidates");
  std::vector<Pose> out(count);
  for (Pose& pose : out) {
    pose.particle_from_ref = Rotation::random(random);
    pose.shift_voxels = {random.uniform(-reach, reach), random.uniform(-reach, reach), random.uniform(-reach, reach)};
  }
  return out;
}

// τ² as printed: matrices and Frobenius norm.
double squared_distance(const Pose& a, const Pose& b, double translation_weight) {
  const Mat3 product = a.particle_from_ref.matrix().transposed() * b.particle_from_ref.matrix();
  double out = 0;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) out += std::pow((i == j) - product.m[i][j], 2);
  const Vec3 d = a.shift_voxels - b.shift_voxels;
  return out + translation_weight * d.dot(d);
}

// Independent samples, double precision, matrices.
std::vector<double> brute_force(const std::vector<Pose>& candidates, const VoronoiOptions& options, int samples) {
  Random random(99, "brute force");
  Vec3 low{1e9, 1e9, 1e9}, high{-1e9, -1e9, -1e9};
  for (const Pose& c : candidates) {
    const Vec3 t = c.shift_voxels;
    low = {std::min(low.x, t.x), std::min(low.y, t.y), std::min(low.z, t.z)};
    high = {std::max(high.x, t.x), std::max(high.y, t.y), std::max(high.z, t.z)};
  }
  std::vector<double> out(candidates.size());
  for (int s = 0; s < samples; ++s) {
    Pose sample;
    if (options.uniform_euler)
      sample.particle_from_ref =
          Rotation::from_euler({random.uniform(0, 2 * pi), random.uniform(0, 2 * pi), random.uniform(0, 2 * pi)});
    else
      sample.particle_from_ref = Rotation::random(random);
    sample.shift_voxels = {random.uniform(low.x, high.x), random.uniform(low.y, high.y), random.uniform(low.z, high.z)};
    size_t nearest = 0;
    double least = 1e300;
    for (size_t c = 0; c < candidates.size(); ++c) {
      const double distance = squared_distance(sample, candidates[c], options.translation_weight);
      if (distance < least) {
        least = distance;
        nearest = c;
      }
    }
    out[nearest] += 1.0 / samples;
  }
  return out;
}

// Two estimates from independent samples differ by at most 5 standard errors of their difference; 1e-4 stands for cells
// so small that their error is not normal.
void expect_same(const std::vector<double>& a, int samples_a, const std::vector<double>& b, int samples_b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t c = 0; c < a.size(); ++c) {
    const double variance = std::max(b[c] * (1 - b[c]), 1e-4) * (1.0 / samples_a + 1.0 / samples_b);
    EXPECT_NEAR(a[c], b[c], 5 * std::sqrt(variance)) << "candidate " << c;
  }
}

TEST(VoronoiVolumes, AreThoseOfTheBruteForceSearch) {
  for (const bool uniform_euler : {false, true})
    for (const double weight : {0.0, 0.1, 1.0}) {
      const auto candidates = scattered(12, 2.5, 3);
      VoronoiOptions options;
      options.uniform_euler = uniform_euler;
      options.translation_weight = weight;
      Random random(1, "voronoi", 5);
      const auto fast = voronoi_volumes(candidates, options, random);
      EXPECT_NEAR(std::accumulate(fast.begin(), fast.end(), 0.0), 1, 1e-12);
      expect_same(fast, options.samples, brute_force(candidates, options, 20000), 20000);
    }
}

TEST(VoronoiVolumes, OfOneCandidateIsEverythingAndOfTwoHalfEach) {
  Random random(2, "voronoi");
  EXPECT_EQ(voronoi_volumes(scattered(1, 3, 1), {}, random), std::vector<double>{1.0});
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const auto two = voronoi_volumes(scattered(2, 2, seed), {}, random);
    expect_same(two, 10000, {0.5, 0.5}, 1 << 30);  // the metric has an isometry that exchanges two rotations
  }
}

TEST(VoronoiVolumes, OfEvenlySpacedTurnsAboutAnAxisAreEqual) {
  std::vector<Pose> candidates;
  for (int i = 0; i < 8; ++i) candidates.push_back({Rotation::about_axis({1, 2, 3}, 2 * pi * i / 8), {}});
  Random random(3, "voronoi");
  expect_same(voronoi_volumes(candidates, {}, random), 10000, std::vector<double>(8, 1.0 / 8), 1 << 30);
}

// Candidates in a row along x, rotations equal: cells are slabs between midpoints, the outer ones end at the box.
TEST(VoronoiVolumes, OfShiftsAloneAreTheirSlabs) {
  std::vector<Pose> candidates;
  for (const double x : {-3.0, -1.0, 0.0, 4.0}) candidates.push_back({Rotation::about_axis({0, 1, 0}, 1.1), {x, 2, 2}});
  Random random(4, "voronoi");
  expect_same(voronoi_volumes(candidates, {}, random), 10000, {1.0 / 7, 1.5 / 7, 2.5 / 7, 2.0 / 7}, 1 << 30);
}

// Independent uniform Euler angles crowd where β is near 0 or π, so that a candidate there has more than its share.
TEST(VoronoiVolumes, IndependentEulerAnglesAreNotUniform) {
  std::vector<Pose> candidates;
  for (const double beta : {0.0, pi / 2, pi})
    for (int i = 0; i < (beta == pi / 2 ? 16 : 4); ++i)
      candidates.push_back(
          {Rotation::from_euler({pi / 2 * (i % 4), beta, beta == pi / 2 ? pi / 2 * static_cast<double>(i / 4) : 0.0}),
           {}});
  const auto share_of_poles = [&](bool uniform_euler) {
    Random random(5, "voronoi");
    VoronoiOptions options;
    options.uniform_euler = uniform_euler;
    const auto volumes = voronoi_volumes(candidates, options, random);
    double out = 0;
    for (size_t c = 0; c < candidates.size(); ++c)
      if (std::abs(std::cos(candidates[c].particle_from_ref.euler().beta)) > 0.5) out += volumes[c];
    return out;
  };
  // The 24 candidates are the rotations of a cube: uniform sampling gives each 1/24.
  EXPECT_NEAR(share_of_poles(false), 8.0 / 24, 5 * std::sqrt(2.0 / 9 / 10000));
  EXPECT_GT(share_of_poles(true), 0.4);
}

TEST(VoronoiVolumes, RepeatWithTheKeyAndChangeWithIt) {
  const auto candidates = scattered(20, 2, 6);
  Random first(7, "voronoi", 11), second(7, "voronoi", 11), other(7, "voronoi", 12);
  const auto volumes = voronoi_volumes(candidates, {}, first);
  EXPECT_EQ(volumes, voronoi_volumes(candidates, {}, second));
  EXPECT_NE(volumes, voronoi_volumes(candidates, {}, other));
}

TEST(VoronoiVolumes, OfOnePoseTwiceCountOnce) {
  auto candidates = scattered(3, 2, 8);
  candidates.push_back(candidates[1]);
  Random random(9, "voronoi");
  const auto volumes = voronoi_volumes(candidates, {}, random);
  EXPECT_GT(volumes[1], 0);
  EXPECT_EQ(volumes[3], 0);
  EXPECT_THROW(voronoi_volumes({}, {}, random), InternalError);
}

}  // namespace
}  // namespace tessera
