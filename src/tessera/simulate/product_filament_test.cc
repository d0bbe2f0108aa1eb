// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/product_filament.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tessera/base/units.h"

namespace tessera {
namespace {

// The mean cosine between the first and the last tangent falls as exp(−arc/persistence).
TEST(ProductFilament, BendsAsAWormLikeChain) {
  const Volume<uint8_t> empty({200, 200, 200});
  for (const double persistence : {400.0, 1500.0}) {
    const FilamentShape shape{600, 3, persistence, 20};
    double sum = 0, squares = 0;
    constexpr int chains = 800;
    for (int i = 0; i < chains; ++i) {
      Random random(1, "chain", static_cast<uint64_t>(i));
      const std::vector<Vec3> nodes = grow_filament(empty, 20, shape, random);
      ASSERT_EQ(nodes.size(), 31u);
      const Vec3 first = nodes[1] - nodes[0], last = nodes[30] - nodes[29];
      const double cosine = first.dot(last) / (first.norm() * last.norm());
      sum += cosine;
      squares += cosine * cosine;
    }
    const double mean = sum / chains, error = std::sqrt((squares / chains - mean * mean) / chains);
    // 29 bends of 20 Å; the walls of a box of 4000 Å turn away few chains. 3.5 standard errors and a percent.
    EXPECT_NEAR(mean, std::exp(-29 * 20 / persistence), 3.5 * error + 0.01);
  }
}

TEST(ProductFilament, KeepsItsLengthAndItsDistance) {
  Volume<uint8_t> occupancy({60, 60, 60});
  for (int64_t z = 0; z < 60; ++z)
    for (int64_t y = 0; y < 60; ++y)
      for (int64_t x = 0; x < 60; ++x) occupancy(z, y, x) = (x / 3 + y / 3 + z / 3) % 13 == 0 && x % 20 < 3;
  const FilamentShape shape{390, 35, 2000, 20};
  int found = 0;
  for (uint64_t i = 0; i < 10; ++i) {
    Random random(2, "obstacles", i);
    const std::vector<Vec3> nodes = grow_filament(occupancy, 10, shape, random);
    if (nodes.empty()) continue;
    ++found;
    double length = 0;
    for (size_t k = 0; k + 1 < nodes.size(); ++k) length += (nodes[k + 1] - nodes[k]).norm();
    EXPECT_NEAR(length, 390, 1e-6);
    for (const Vec3& node : nodes)
      for (int64_t z = 0; z < 60; ++z)
        for (int64_t y = 0; y < 60; ++y)
          for (int64_t x = 0; x < 60; ++x) {
            const Vec3 d = Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)} * 10 - node;
            if (occupancy(z, y, x)) {
              EXPECT_GT(d.norm(), 35);
            }
          }
    for (const Vec3& node : nodes)
      EXPECT_TRUE(std::min({node.x, node.y, node.z}) >= 30 && std::max({node.x, node.y, node.z}) <= 560);
  }
  EXPECT_GT(found, 5);
  const Volume<uint8_t> full({20, 20, 20}, 1);
  Random random(3, "full");
  EXPECT_TRUE(grow_filament(full, 10, {100, 10, 1000, 10}, random).empty());
}

TEST(ProductFilament, RepeatsAreAHelixOnAStraightAxis) {
  const std::vector<Vec3> axis = {{100, 100, 50}, {100, 100, 80}, {100, 100, 400}};
  const FilamentRepeat actin{27.6, -166.6, 1, 0, 0, {16, 0, 0}};
  const auto repeats = repeats_along(axis, actin, 30, 0.4);
  ASSERT_EQ(repeats.size(), 11u);  // (350 − 60)/27.6 = 10.5
  for (size_t i = 0; i < repeats.size(); ++i) {
    EXPECT_NEAR(repeats[i].position_A.z, 80 + 27.6 * static_cast<double>(i), 1e-9);
    EXPECT_NEAR(std::hypot(repeats[i].position_A.x - 100, repeats[i].position_A.y - 100), 16, 1e-9);
    if (i == 0) continue;
    const Rotation step = repeats[i].scene_from_ref * repeats[i - 1].scene_from_ref.inverse();
    EXPECT_NEAR((step.vector() - Vec3{0, 0, -166.6 * degree}).norm(), 0, 1e-9);
    const Vec3 turned = step * (repeats[i - 1].position_A - Vec3{100, 100, 0});
    EXPECT_NEAR(turned.x, repeats[i].position_A.x - 100, 1e-9);
    EXPECT_NEAR(turned.y, repeats[i].position_A.y - 100, 1e-9);
  }
}

// 14 protofilaments whose lattice closes on itself: the 15th strand would be the first again, 3 half-repeats on.
TEST(ProductFilament, StrandsCloseIntoATube) {
  const std::vector<Vec3> axis = {{0, 0, 0}, {0, 0, 1000}};
  const double rise = 84.2, strand_rise = 1.5 * rise / 14;
  const FilamentRepeat tube{rise, 0, 14, strand_rise, -360.0 / 14, {0, 120, 0}};
  const auto repeats = repeats_along(axis, tube, 0, 0);
  double nearest = 1e9;
  for (const RepeatPose& a : repeats)
    for (const RepeatPose& b : repeats)
      if (&a != &b) nearest = std::min(nearest, (a.position_A - b.position_A).norm());
  // Neighbours across: 2·120·sin(π/14) = 53.4 Å and 9 Å up.
  EXPECT_NEAR(nearest, std::hypot(2 * 120 * std::sin(pi / 14), strand_rise), 1e-6);
  std::set<int> per_strand;
  for (const RepeatPose& pose : repeats) {
    const Rotation step = repeats[0].scene_from_ref.inverse() * pose.scene_from_ref;
    per_strand.insert(static_cast<int>(std::lround(step.vector().z / (2 * pi / 14) + 14)) % 14);
  }
  EXPECT_EQ(per_strand.size(), 14u);
}

TEST(ProductFilament, FramesFollowABendWithoutTurningAboutIt) {
  std::vector<Vec3> arc;
  for (int i = 0; i <= 60; ++i) arc.push_back({500 * std::cos(i * pi / 120), 500 * std::sin(i * pi / 120), 0});
  const auto repeats = repeats_along(arc, {20, 0, 1, 0, 0, {0, 0, 0}}, 10, 0);
  ASSERT_GT(repeats.size(), 35u);
  for (const RepeatPose& pose : repeats) {
    const Vec3 tangent = pose.scene_from_ref * Vec3{0, 0, 1};
    EXPECT_NEAR(tangent.dot(pose.position_A) / 500, 0, 0.02);  // half a chord's angle
    EXPECT_NEAR(pose.position_A.norm(), 500, 0.2);
    // The plane's normal keeps its place in the frame.
    const Vec3 normal = pose.scene_from_ref.inverse() * Vec3{0, 0, 1};
    EXPECT_NEAR((normal - repeats[0].scene_from_ref.inverse() * Vec3{0, 0, 1}).norm(), 0, 1e-9);
  }
}

TEST(ProductFilament, TubeVoxelsAreThoseNearTheChain) {
  const std::vector<Vec3> chain = {{40, 50, 60}, {120, 90, 70}, {150, 200, 90}};
  const Shape3 shape{20, 18, 22};
  std::set<int64_t> actual;
  visit_tube_voxels(chain, 25, shape, 10, [&](int64_t i) { actual.insert(i); });
  for (int64_t i = 0; i < shape.count(); ++i) {
    const Vec3 p =
        Vec3{static_cast<double>(i % 22), static_cast<double>(i / 22 % 18), static_cast<double>(i / (22 * 18))} * 10;
    double nearest = 1e9;
    for (size_t k = 0; k + 1 < chain.size(); ++k)
      for (int step = 0; step <= 2000; ++step)
        nearest = std::min(nearest, (p - chain[k] - (chain[k + 1] - chain[k]) * (step / 2000.0)).norm());
    if (std::abs(nearest - 25) > 1e-3) {
      EXPECT_EQ(actual.count(i) > 0, nearest < 25) << i;
    }
  }
}

}  // namespace
}  // namespace tessera
