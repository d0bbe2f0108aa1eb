// SPDX-License-Identifier: GPL-3.0-or-later
// Turning volumes, and the grid that places their voxels in space.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tessera/base/random.h"
#include "tessera/volume/masks.h"
#include "tests/reference/blobs.h"
#include "tests/reference/volume_loops.h"

namespace tessera {
namespace {

using reference::GaussianBlob;
using reference::turn_matrix;

Volume<float> noise(Shape3 n) {
  Random random(7, "noise");
  Volume<float> out(n);
  for (float& v : out) v = static_cast<float>(random.normal());
  return out;
}

Vec3 random_axis(Random& random) {
  const Vec3 v{random.normal(), random.normal(), random.normal()};
  return v * (1 / v.norm());
}

double largest_difference(const Volume<float>& a, const Volume<float>& b) {
  double largest = 0;
  for (int64_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
  return largest;
}

TEST(Volume, IsInZyxOrder) {
  Volume<int> volume({2, 3, 4}, 5);
  EXPECT_EQ(volume.size(), 24);
  EXPECT_EQ(volume(1, 2, 3), 5);
  volume(1, 2, 3) = 9;
  EXPECT_EQ(volume[(1 * 3 + 2) * 4 + 3], 9);
  EXPECT_EQ(&volume(0, 0, 1) - &volume(0, 0, 0), 1);
  EXPECT_EQ(&volume(0, 1, 0) - &volume(0, 0, 0), 4);
  EXPECT_EQ(&volume(1, 0, 0) - &volume(0, 0, 0), 12);
  EXPECT_TRUE(Volume<int>().empty());
}

TEST(Grid, CentreVoxelIsTheCentreAndPlacesComeBack) {
  for (const Shape3 n : {Shape3{4, 6, 8}, Shape3{5, 7, 9}}) {
    const Grid grid{n, 2.5, {10, 20, 30}};
    EXPECT_EQ(grid.position_A(n.z / 2, n.y / 2, n.x / 2), (Vec3{10, 20, 30}));
    EXPECT_EQ(grid.position_A(n.z / 2 + 2, n.y / 2 - 1, n.x / 2 + 1), (Vec3{12.5, 17.5, 35}));
    const Vec3 voxel = grid.voxel(grid.position_A(0.25, 1.5, 3.75));
    EXPECT_NEAR(voxel.z, 0.25, 1e-12);
    EXPECT_NEAR(voxel.y, 1.5, 1e-12);
    EXPECT_NEAR(voxel.x, 3.75, 1e-12);
  }
}

TEST(RotateVolume, AgreesWithTrilinearInterpolationDoneSlowly) {
  Random random(8, "rotations");
  for (const Shape3 n : {Shape3::cube(7), Shape3::cube(8), Shape3{5, 6, 9}}) {
    const Volume<float> in = noise(n);
    for (int i = 0; i < 3; ++i) {
      const Vec3 axis = random_axis(random), shift{random.normal(), random.normal(), random.normal()};
      const double angle = random.uniform(0, 2 * pi);
      const Volume<float> out = rotate_volume(in, turn_matrix(axis, angle), shift);
      for (int64_t z = 0; z < n.z; ++z)
        for (int64_t y = 0; y < n.y; ++y)
          for (int64_t x = 0; x < n.x; ++x) {
            const Vec3 d{static_cast<double>(x - n.x / 2), static_cast<double>(y - n.y / 2),
                         static_cast<double>(z - n.z / 2)};
            const Vec3 p = reference::turned(d - shift, axis, -angle);
            ASSERT_NEAR(out(z, y, x), reference::trilinear(in, p.z + n.z / 2, p.y + n.y / 2, p.x + n.x / 2), 1e-6);
          }
    }
  }
}

// The turned Gaussians in closed form. Linear interpolation errs by at most 1/8 of the second derivative along each
// axis, together 3/(8 σ²) of the height (blobs hardly overlap): 0.03 at σ = 4 and height 1.2; the wrong hand errs by
// more than half the height.
TEST(RotateVolume, TurnsAnAsymmetricPhantomTheRightWayRound) {
  const double sigma = 4, bound = 1.2 * 3 / (8 * sigma * sigma);
  Random random(9, "rotations");
  for (const int64_t n : {48, 49}) {
    auto blobs = reference::handed_blobs(sigma);
    for (GaussianBlob& blob : blobs) blob.centre = blob.centre * 1.2;
    const Volume<float> in = reference::sampled(blobs, Shape3::cube(n));
    for (int i = 0; i < 3; ++i) {
      const Vec3 axis = random_axis(random), shift{random.normal(), random.normal(), random.normal()};
      const double angle = random.uniform(1, 5);
      auto moved = blobs, other_hand = blobs, backward = blobs;
      for (size_t b = 0; b < blobs.size(); ++b) {
        const Vec3 c = blobs[b].centre;
        moved[b].centre = reference::turned(c, axis, angle) + shift;
        backward[b].centre = reference::turned(c, axis, -angle) + shift;
        other_hand[b].centre = reference::turned({c.x, c.y, -c.z}, axis, angle) + shift;
      }
      const Volume<float> out = rotate_volume(in, turn_matrix(axis, angle), shift);
      const auto expected = [&](const auto& of) { return reference::sampled(of, Shape3::cube(n)); };
      EXPECT_LT(largest_difference(out, expected(moved)), bound);
      EXPECT_GT(largest_difference(out, expected(other_hand)), 0.5);
      EXPECT_GT(largest_difference(out, expected(backward)), 0.3);
    }
  }
}

TEST(RotateVolume, QuarterTurnsAreExact) {
  const Vec3 axes[] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  for (const int64_t n : {9, 10}) {
    const Volume<float> in = noise(Shape3::cube(n));
    for (const Vec3 axis : axes)
      for (const int quarters : {1, 2, 3}) {
        const Volume<float> out = rotate_volume(in, turn_matrix(axis, quarters * pi / 2));
        for (int64_t z = 0; z < n; ++z)
          for (int64_t y = 0; y < n; ++y)
            for (int64_t x = 0; x < n; ++x) {
              const Vec3 d{static_cast<double>(x - n / 2), static_cast<double>(y - n / 2),
                           static_cast<double>(z - n / 2)};
              const Vec3 p = reference::turned(d, axis, quarters * pi / 2);
              const int64_t px = std::lround(p.x) + n / 2, py = std::lround(p.y) + n / 2, pz = std::lround(p.z) + n / 2;
              const bool kept = std::max({px, py, pz}) < n && std::min({px, py, pz}) >= 0;
              ASSERT_EQ(kept ? out(pz, py, px) : 0, kept ? in(z, y, x) : 0);  // what leaves an even box is lost
            }
      }
  }
}

TEST(RotateVolume, WholeShiftsMoveWithoutInterpolationAndLeaveNothingBehind) {
  const Shape3 n{5, 6, 7};
  const Volume<float> in = noise(n), out = rotate_volume(in, Mat3(), {2, -1, 3});
  for (int64_t z = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x) {
        const bool inside = z >= 3 && y + 1 < n.y && x >= 2;
        EXPECT_EQ(out(z, y, x), inside ? in(z - 3, y + 1, x - 2) : 0);
      }
}

}  // namespace
}  // namespace tessera
