// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/dense_packing.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tessera/simulate/packing_check.h"
#include "tests/reference/packing_loops.h"
#include "tests/support/solid_model.h"

namespace tessera {
namespace {

constexpr double voxel_A = 10;

struct World {
  MolecularSurface large{bracket_model(55), {}};
  MolecularSurface small{ball_model(24), {}};
  SilentSink sink;
  LocalComm comm;

  DensePackingResult pack(Volume<uint8_t>& occupancy, int64_t large_copies, int64_t small_copies, int threads = 1,
                          DensePackingOptions options = {.rotations = 6}, uint64_t seed = 1,
                          const std::atomic<bool>* stop = nullptr) {
    Threads pool(threads);
    ExecContext context{pool, comm, sink, seed, stop};
    return pack_densely(occupancy, voxel_A, {{"small", &small, small_copies}, {"large", &large, large_copies}}, options,
                        context);
  }
  const MolecularSurface& surface(const PackedBody& body) const { return body.demand == 0 ? small : large; }

  // Paints bodies one voxel at a time, as body index + 1; counts voxels painted twice or outside.
  std::pair<Volume<int>, int64_t> repaint(const DensePackingResult& result, Shape3 shape) const {
    std::pair<Volume<int>, int64_t> out{Volume<int>(shape), 0};
    for (size_t i = 0; i < result.bodies.size(); ++i) {
      const PackedBody& body = result.bodies[i];
      const Vec3 centre = body.position_voxels;
      const auto reach = static_cast<int64_t>(surface(body).radius_A() / voxel_A) + 2;
      const auto low = [&](double c) { return static_cast<int64_t>(c) - reach; };
      const Rotation back = body.scene_from_ref.inverse();
      for (int64_t z = low(centre.z); z <= low(centre.z) + 2 * reach; ++z)
        for (int64_t y = low(centre.y); y <= low(centre.y) + 2 * reach; ++y)
          for (int64_t x = low(centre.x); x <= low(centre.x) + 2 * reach; ++x) {
            const Vec3 v{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)};
            if (!surface(body).contains(back * ((v - body.position_voxels) * voxel_A))) continue;
            const bool bad =
                z < 0 || y < 0 || x < 0 || z >= shape.z || y >= shape.y || x >= shape.x || out.first(z, y, x) != 0;
            if (bad)
              ++out.second;
            else
              out.first(z, y, x) = static_cast<int>(i) + 1;
          }
    }
    return out;
  }
};

TEST(DensePacking, PlacesWhatIsAskedWithoutOverlap) {
  World world;
  Volume<uint8_t> occupancy({45, 70, 64});
  const DensePackingResult result = world.pack(occupancy, 40, 300);
  EXPECT_EQ(result.placed, (std::vector<int64_t>{300, 40}));
  EXPECT_EQ(result.bodies.size(), 340u);
  const auto [painted, faults] = world.repaint(result, occupancy.shape());
  EXPECT_EQ(faults, 0);
  int64_t voxels = 0;
  for (int64_t i = 0; i < painted.size(); ++i) {
    EXPECT_EQ(painted[i] != 0, occupancy[i] != 0);
    voxels += painted[i] != 0;
  }
  EXPECT_EQ(result.body_voxels, voxels);
  EXPECT_EQ(result.curve.back().body_voxels, voxels);
  EXPECT_EQ(result.saturated_at, (std::vector<double>{0, 0}));
}

TEST(DensePacking, FillsMuchMoreThanRandomInsertionDoes) {
  World world;
  Volume<uint8_t> occupancy({48, 48, 48});
  const DensePackingResult result = world.pack(occupancy, 0, 100000);
  EXPECT_LT(result.placed[0], 100000);
  EXPECT_GT(result.saturated_at[0], 0);
  // Equal spheres added at random jam at 38 % (Widom 1966; Feder 1980), random close packing is 64 %. Bodies inside a
  // box lose a layer at its walls.
  EXPECT_GT(static_cast<double>(result.body_voxels) / static_cast<double>(occupancy.size()), 0.42);
  EXPECT_EQ(world.repaint(result, occupancy.shape()).second, 0);
}

TEST(DensePacking, IsTheSameForAnyNumberOfThreads) {
  World world;
  const auto packed = [&](int threads, uint64_t seed) {
    Volume<uint8_t> occupancy({60, 130, 125});
    return world.pack(occupancy, 150, 900, threads, {.rotations = 3}, seed).bodies;
  };
  const auto same = [](const std::vector<PackedBody>& a, const std::vector<PackedBody>& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i)
      if (!(a[i].demand == b[i].demand && a[i].position_voxels == b[i].position_voxels &&
            a[i].scene_from_ref.w() == b[i].scene_from_ref.w() && a[i].scene_from_ref.x() == b[i].scene_from_ref.x()))
        return false;
    return true;
  };
  const auto one = packed(1, 5);
  EXPECT_TRUE(same(one, packed(2, 5)));
  EXPECT_TRUE(same(one, packed(7, 5)));
  EXPECT_FALSE(same(one, packed(1, 6)));
}

TEST(DensePacking, KeepsTheGap) {
  World world;
  for (const double gap_A : {10.0, 25.0}) {
    Volume<uint8_t> occupancy({40, 42, 44});
    occupancy(20, 20, 20) = 9;  // an obstacle
    const DensePackingResult result = world.pack(occupancy, 8, 40, 1, {.gap_A = gap_A, .rotations = 4});
    EXPECT_GT(result.bodies.size(), 30u);
    auto [painted, faults] = world.repaint(result, occupancy.shape());
    EXPECT_EQ(faults, 0);
    EXPECT_EQ(painted(20, 20, 20), 0);
    painted(20, 20, 20) = -1;
    const auto reach = static_cast<int64_t>(gap_A / voxel_A);
    const Shape3 n = painted.shape();
    int64_t close = 0;
    for (int64_t z = 0; z < n.z; ++z)
      for (int64_t y = 0; y < n.y; ++y)
        for (int64_t x = 0; x < n.x; ++x)
          for (int64_t k = std::max<int64_t>(0, z - reach); k <= std::min(n.z - 1, z + reach); ++k)
            for (int64_t j = std::max<int64_t>(0, y - reach); j <= std::min(n.y - 1, y + reach); ++j)
              for (int64_t i = std::max<int64_t>(0, x - reach); i <= std::min(n.x - 1, x + reach); ++i) {
                const Vec3 d{static_cast<double>(i - x), static_cast<double>(j - y), static_cast<double>(k - z)};
                close += painted(z, y, x) && painted(k, j, i) && painted(z, y, x) != painted(k, j, i) &&
                         d.norm() * voxel_A <= gap_A;
              }
    EXPECT_EQ(close, 0);
  }
}

TEST(DensePacking, StaysOffObstaclesAndReportsTheShortfall) {
  World world;
  Volume<uint8_t> occupancy({50, 50, 50});
  for (int64_t z = 0; z < 50; ++z)
    for (int64_t y = 0; y < 50; ++y)
      for (int64_t x = 0; x < 50; ++x) occupancy(z, y, x) = x % 12 < 5 ? 3 : 0;  // slots of 7 voxels
  const Volume<uint8_t> before = occupancy;
  const DensePackingResult result = world.pack(occupancy, 1000, 5000, 2);
  EXPECT_LT(result.placed[1], 1000);
  EXPECT_GT(result.placed[0], 100);
  const auto [painted, faults] = world.repaint(result, occupancy.shape());
  EXPECT_EQ(faults, 0);
  for (int64_t i = 0; i < painted.size(); ++i) {
    EXPECT_FALSE(before[i] && painted[i]);
    EXPECT_EQ(occupancy[i], before[i] ? 3 : painted[i] ? 1 : 0);
  }
}

TEST(DensePacking, LeavesClosedCavitiesEmpty) {
  World world;
  const MolecularSurface shell(solid_model("shell", 90, [](Vec3 p) { return p.norm() > 55 && p.norm() < 85; }), {});
  EXPECT_TRUE(shell.has_cavity());
  EXPECT_FALSE(world.large.has_cavity());
  Threads pool(1);
  ExecContext context{pool, world.comm, world.sink};
  Volume<uint8_t> occupancy({40, 40, 40});
  // The balls would fit, and touch nowhere more than inside.
  ASSERT_LT(world.small.radius_A(), 40);
  const DensePackingResult result =
      pack_densely(occupancy, voxel_A, {{"shell", &shell, 4}, {"ball", &world.small, 100000}},
                   {.arrangement = "touching", .rotations = 4}, context);
  ASSERT_EQ(result.placed[0], 4);
  ASSERT_GT(result.placed[1], 100);
  double nearest = 100;
  for (const PackedBody& a : result.bodies)
    for (const PackedBody& b : result.bodies)
      if (a.demand == 0 && b.demand == 1) nearest = std::min(nearest, (a.position_voxels - b.position_voxels).norm());
  EXPECT_GT(nearest, 8.5);
}

TEST(DensePacking, AtRandomSpreadsBodiesEvenly) {
  World world;
  const auto touching_share = [&](const std::string& arrangement) {
    Volume<uint8_t> occupancy({60, 60, 60});
    const DensePackingResult result = world.pack(occupancy, 0, 100, 1, {.arrangement = arrangement, .rotations = 4});
    EXPECT_EQ(result.placed[0], 100);
    EXPECT_EQ(world.repaint(result, occupancy.shape()).second, 0);
    int64_t near = 0;
    for (const PackedBody& a : result.bodies)
      near += std::any_of(result.bodies.begin(), result.bodies.end(), [&](const PackedBody& b) {
        return &a != &b && (a.position_voxels - b.position_voxels).norm() < 6.5;
      });
    return static_cast<double>(near) / 100;
  };
  // 100 balls of diameter 5.3 voxels in 60³: a random one has about 0.3 others within a further voxel.
  EXPECT_LT(touching_share("random"), 0.5);
  EXPECT_EQ(touching_share("auto"), touching_share("random"));
  EXPECT_GT(touching_share("touching"), 0.7);
}

TEST(DensePacking, StopsWhenAsked) {
  World world;
  const std::atomic<bool> stop{true};
  Volume<uint8_t> occupancy({40, 40, 40});
  EXPECT_THROW(world.pack(occupancy, 3, 3, 1, {}, 1, &stop), Interrupted);
}

TEST(PackingCheck, CountsWhatItShould) {
  World world;
  Threads pool(2);
  ExecContext context{pool, world.comm, world.sink};
  const auto check = [&](const std::vector<PosedSurface>& bodies, const Volume<uint8_t>& obstacles) {
    return check_packing(bodies, {50, 40, 60}, voxel_A, obstacles, context);
  };
  const PosedSurface a{&world.small, {203, 201, 255}, Rotation(), 0, 4},
      b{&world.small, {222, 204, 259}, Rotation(), 0, 5};
  const auto alone = check({a}, {});
  const auto voxels_of = [&](const PosedSurface& body) {
    const Vec3 p = body.position_A * (1 / voxel_A);
    const Voxel whole{static_cast<int64_t>(p.z), static_cast<int64_t>(p.y), static_cast<int64_t>(p.x)};
    const Vec3 rest{p.x - static_cast<double>(whole.x), p.y - static_cast<double>(whole.y),
                    p.z - static_cast<double>(whole.z)};
    const BodyMask at{.scene_from_ref = body.scene_from_ref, .offset_voxels = rest};
    return reference::body_voxels(*body.surface, at, whole, voxel_A);
  };
  EXPECT_EQ(alone.body_voxels, static_cast<int64_t>(voxels_of(a).size()));
  EXPECT_EQ(alone.collisions + alone.outside + alone.in_obstacles + alone.embedded, 0);
  int64_t shared = 0;
  for (const auto& cell : voxels_of(a)) shared += static_cast<int64_t>(voxels_of(b).count(cell));
  ASSERT_GT(shared, 0);
  EXPECT_EQ(check({a, b}, {}).collisions, shared);
  EXPECT_EQ(check({a, b, a}, {}).collisions, shared);
  EXPECT_EQ(check({a, b, a}, {}).shared, static_cast<int64_t>(voxels_of(a).size()) - shared);
  Volume<uint8_t> obstacles({50, 40, 60});
  obstacles(25, 20, 20) = 7;  // the centre of a, in (z, y, x)
  obstacles(0, 0, 0) = 7;
  EXPECT_EQ(check({a}, obstacles).in_obstacles, 1);
  EXPECT_EQ(check({a}, obstacles).obstacle_voxels, 1);
  PosedSurface mine = a;
  mine.allowed = 7;
  EXPECT_EQ(check({mine}, obstacles).in_obstacles, 0);
  EXPECT_EQ(check({mine}, obstacles).embedded, 1);
  const PosedSurface half_out{&world.small, {0, 200, 490}, Rotation(), 0};
  EXPECT_GT(check({half_out}, {}).outside, static_cast<int64_t>(voxels_of(half_out).size()) / 2);
}

TEST(DensePackingOptions, NameTheirFaults) {
  Faults faults;
  DensePackingOptions{.gap_A = -1,
                      .arrangement = "loose",
                      .rotations = 0,
                      .surface_resolution_A = 1,
                      .volume_per_dalton_A3 = 0,
                      .subdivision = 0,
                      .time_limit_min = -2}
      .add_faults(faults);
  EXPECT_EQ(faults.size(), 7u);
}

}  // namespace
}  // namespace tessera
