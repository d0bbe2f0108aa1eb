// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/packing_window.h"

#include <gtest/gtest.h>

#include <bit>

#include "tests/reference/packing_loops.h"
#include "tests/support/solid_model.h"

namespace tessera {
namespace {

constexpr double voxel_A = 10;
constexpr int64_t n = PackingWindow::edge;

Volume<uint8_t> random_occupancy(Shape3 shape, double share, uint64_t seed) {
  Random random(seed, "random occupancy");
  Volume<uint8_t> out(shape);
  for (uint8_t& value : out) value = random.uniform() < share ? static_cast<uint8_t>(1 + random.below(200)) : 0;
  return out;
}

BodyMask turned(const MolecularSurface& surface, uint64_t seed, double gap_A = 0) {
  Random random(seed, "turned mask");
  const Rotation rotation = Rotation::random(random);
  return make_body_mask(surface, rotation, {random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5), 0.25}, voxel_A,
                        gap_A);
}

TEST(BodyMask, HoldsTheVoxelsInsideTheSurface) {
  const MolecularSurface surface(bracket_model(60), {});
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const BodyMask mask = turned(surface, seed);
    const auto expected = reference::body_voxels(surface, mask, {}, voxel_A);
    std::set<reference::Cell> actual;
    for (const MaskRun& run : mask.voxels)
      for (int x = run.x; x < run.x + run.length; ++x) EXPECT_TRUE(actual.insert({run.z, run.y, x}).second);
    EXPECT_EQ(actual, expected);
    EXPECT_EQ(mask.voxel_count, static_cast<int64_t>(expected.size()));
    EXPECT_NEAR(static_cast<double>(mask.voxel_count) * 1000 / surface.volume_A3(), 1, 0.05);  // sampling of the shape
    for (const MaskRun& run : mask.keep_out)
      EXPECT_LE(std::max({std::abs(run.z), std::abs(run.y), std::abs(run.x), std::abs(run.x + run.length - 1)}),
                mask_reach(surface, voxel_A, 0));
  }
}

// Every position of the block against the slow loop: inside the lattice, across its faces and past its corner.
TEST(PackingWindow, FindsWhereABodyFits) {
  const MolecularSurface small(bracket_model(25), {}), large(bracket_model(110), {});
  const Volume<uint8_t> occupancy = random_occupancy({40, 70, 75}, 0.004, 1);
  for (const auto& [surface, gap_A, first] : {std::tuple{&small, 0.0, Voxel{0, 0, 0}},
                                              {&small, 10.0, Voxel{-9, 30, 44}},
                                              {&small, 21.0, Voxel{3, -20, 5}},
                                              {&large, 0.0, Voxel{-30, 9, -1}}}) {
    const BodyMask mask = turned(*surface, 7, gap_A);
    const PackingWindow window(occupancy, first, mask_reach(*surface, voxel_A, gap_A));
    std::vector<uint64_t> free;
    const bool any = window.find_free(mask, free);
    const auto body = reference::body_voxels(*surface, mask, {}, voxel_A);
    int64_t fitting = 0;
    Random random(2, "positions");
    for (int i = 0; i < 1500; ++i) {
      const Voxel p{static_cast<int64_t>(random.below(n)), static_cast<int64_t>(random.below(n)),
                    static_cast<int64_t>(random.below(n))};
      const Voxel at{first.z + p.z, first.y + p.y, first.x + p.x};
      std::set<reference::Cell> moved;
      for (const auto& [z, y, x] : body) moved.insert({z + at.z, y + at.y, x + at.x});
      const bool expected = !reference::collides(occupancy, moved, gap_A / voxel_A);
      EXPECT_EQ((free[p.z * n + p.y] >> p.x & 1) != 0, expected) << p.z << " " << p.y << " " << p.x;
      if (!expected) continue;
      ++fitting;
      EXPECT_TRUE(window.fits(mask, at));
      if (gap_A == 0) {
        EXPECT_EQ(window.contacts(mask, at), reference::contacts(occupancy, moved));
      }
    }
    EXPECT_TRUE(any || fitting == 0);
    if (surface == &small && gap_A == 0) {
      EXPECT_GT(fitting, 100);
    }
  }
}

TEST(PackingWindow, SeesTheBodiesAddedToIt) {
  const MolecularSurface surface(bracket_model(40), {});
  Volume<uint8_t> occupancy({60, 60, 60});
  const int reach = mask_reach(surface, voxel_A, 0);
  PackingWindow window(occupancy, {0, 0, 0}, reach);
  const BodyMask first = turned(surface, 1), second = turned(surface, 2);
  const Voxel at{25, 31, 28};
  ASSERT_TRUE(window.fits(first, at));
  window.add(first, at);
  int64_t body = 0;
  for (const auto& [z, y, x] : reference::body_voxels(surface, first, at, voxel_A)) {
    occupancy(z, y, x) = 1;
    ++body;
  }
  EXPECT_FALSE(window.fits(first, at));
  EXPECT_EQ(window.empty_voxels(), n * n * n - body);
  std::vector<uint64_t> grown, fresh;
  window.find_free(second, grown);
  PackingWindow(occupancy, {0, 0, 0}, reach).find_free(second, fresh);
  EXPECT_EQ(grown, fresh);
}

TEST(BlockedNeighbours, AreCountedAsOneByOne) {
  Random random(9, "free positions");
  std::vector<uint64_t> free(n * n);
  for (uint64_t& word : free) word = (uint64_t{random.bits()} << 32 | random.bits()) & ((uint64_t{1} << n) - 1);
  const auto sets = by_blocked_neighbours(free);
  const auto is_free = [&](int64_t z, int64_t y, int64_t x) {
    return z < 0 || y < 0 || x < 0 || z >= n || y >= n || x >= n || (free[z * n + y] >> x & 1);
  };
  for (int64_t z = 0; z < n; z += 5)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x) {
        const int blocked = !is_free(z - 1, y, x) + !is_free(z + 1, y, x) + !is_free(z, y - 1, x) +
                            !is_free(z, y + 1, x) + !is_free(z, y, x - 1) + !is_free(z, y, x + 1);
        for (int k = 0; k < 7; ++k)
          ASSERT_EQ((sets[k][z * n + y] >> x & 1) != 0, is_free(z, y, x) && k == blocked) << z << " " << y << " " << x;
      }
}

}  // namespace
}  // namespace tessera
