// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/ball_bodies.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "tessera/base/units.h"
#include "tessera/simulate/filament_repeats.h"

namespace tessera {
namespace {

std::map<int32_t, int> bonds_at(const BallBody& body) {
  std::map<int32_t, int> out;
  for (const BallBond& b : body.bonds) {
    ++out[b.first];
    ++out[b.second];
    EXPECT_NEAR(b.length_A, (body.balls[b.first].centre_A - body.balls[b.second].centre_A).norm(), 1e-9);
  }
  return out;
}

// Signed volume inside triangles; positive where normals point outwards.
double enclosed(const BallBody& body) {
  double volume = 0;
  for (const auto& [a, b, c] : body.triangles)
    volume += body.balls[a].centre_A.dot(body.balls[b].centre_A.cross(body.balls[c].centre_A)) / 6;
  return volume;
}

TEST(BallBodies, MacromoleculesAreFullyBonded) {
  CoarseModel model;
  for (int i = 0; i < 5; ++i) model.balls.push_back({{10.0 * i, i * i * 3.0, 0}, 20});
  model.single = {{20, 10, 0}, 60};
  model.volumes.isosurface_A3 = 1e5;
  const BallBody body = rigid_body(model, 5000);
  EXPECT_EQ(body.bonds.size(), 10u);
  for (const auto& [ball, bonds] : bonds_at(body)) EXPECT_EQ(bonds, 4) << ball;
  EXPECT_EQ(body.volume_A3, 1e5);
  const BallBody single = single_ball_body(model, 5000);
  EXPECT_EQ(single.balls.size(), 1u);
  EXPECT_EQ(single.mass_Da, 25000) << "as heavy as the five";
}

TEST(BallBodies, FilamentIsAChain) {
  const BallBody body = filament_body(FilamentRequest{}, 5000);  // 9 balls of 40 Å, as [P]
  EXPECT_EQ(body.balls.size(), 9u);
  EXPECT_EQ(body.bonds.size(), 8u);
  EXPECT_EQ(body.angles.size(), 7u);
  const auto bonds = bonds_at(body);
  for (int32_t i = 0; i < 9; ++i) EXPECT_EQ(bonds.at(i), i == 0 || i == 8 ? 1 : 2);
  for (const BallBond& b : body.bonds) EXPECT_NEAR(b.length_A, 40, 1e-9);
}

TEST(BallBodies, SheetHasThreeFiveAndEightBonds) {
  MembraneRequest request;
  request.balls = {6, 4};
  const BallBody body = membrane_body(request, 5000);
  EXPECT_EQ(body.balls.size(), 24u);
  const auto bonds = bonds_at(body);
  for (int32_t i = 0; i < 6; ++i)
    for (int32_t j = 0; j < 4; ++j) {
      const int edges = (i == 0 || i == 5) + (j == 0 || j == 3);
      EXPECT_EQ(bonds.at(i * 4 + j), edges == 2 ? 3 : edges == 1 ? 5 : 8) << "[P] 2.1.3, ball " << i << ", " << j;
    }
  EXPECT_EQ(body.triangles.size(), 2u * 5 * 3);
  for (const auto& [a, b, c] : body.triangles) {
    const Vec3 normal =
        (body.balls[b].centre_A - body.balls[a].centre_A).cross(body.balls[c].centre_A - body.balls[a].centre_A);
    EXPECT_NEAR(normal.z, 80 * 80, 1e-6);
  }
}

TEST(BallBodies, VesicleIsAClosedSphere) {
  for (const double radius : {60.0, 200.0, 450.0}) {
    MembraneRequest request;
    request.shape = "vesicle";
    request.radius_A = radius;
    const BallBody body = membrane_body(request, 5000);
    const auto balls = static_cast<int64_t>(body.balls.size()), edges = static_cast<int64_t>(body.bonds.size()),
               faces = static_cast<int64_t>(body.triangles.size());
    EXPECT_EQ(balls - edges + faces, 2) << "Euler";
    EXPECT_EQ(2 * edges, 3 * faces) << "every edge between two faces";
    int of_five = 0;
    for (const auto& [ball, bonds] : bonds_at(body)) {
      EXPECT_TRUE(bonds == 5 || bonds == 6);
      of_five += bonds == 5;
    }
    EXPECT_EQ(of_five, 12);
    for (const Ball& ball : body.balls) EXPECT_NEAR(ball.centre_A.norm(), radius, 1e-9);
    for (const BallBond& bond : body.bonds) EXPECT_LE(bond.length_A, 80 * 1.02) << "no gap between balls";
    const double sphere = volume_A3(Ball{{}, radius});
    EXPECT_GT(enclosed(body), 0.55 * sphere) << "the icosahedron itself has 0.605";
    EXPECT_LT(enclosed(body), sphere);
  }
}

TEST(HelicalRepeats, FollowALineAndACircle) {
  const std::vector<Vec3> line = {{0, 0, 0}, {0, 40, 0}, {0, 80, 0}, {0, 120, 0}};
  const HelicalRepeats helix{27.5, -166.7 * degree, {15, 5, 0}};
  const auto poses = helical_repeats(line, helix);
  ASSERT_EQ(poses.size(), 5u);
  for (size_t i = 0; i < poses.size(); ++i) {
    EXPECT_NEAR(poses[i].position_A.y, 27.5 * static_cast<double>(i), 1e-3);
    EXPECT_NEAR(std::hypot(poses[i].position_A.x, poses[i].position_A.z), std::hypot(15, 5), 1e-6);
    EXPECT_LT(((poses[i].scene_from_ref * Vec3{0, 0, 1}) - Vec3{0, 1, 0}).norm(), 1e-6) << "z on the tangent";
    if (i == 0) continue;
    const Rotation step = poses[i].scene_from_ref * poses[i - 1].scene_from_ref.inverse();
    EXPECT_LT(angle_between(step, Rotation::about_axis({0, 1, 0}, helix.twist_rad)), 1e-6);
  }
  // Nodes on a circle of 200 Å, 10° apart: repeats lie on it and stay a rise apart.
  std::vector<Vec3> circle;
  for (int i = 0; i <= 18; ++i) circle.push_back({200 * std::cos(i * 10 * degree), 200 * std::sin(i * 10 * degree), 0});
  const auto bent = helical_repeats(circle, {20, 0, {}});
  EXPECT_NEAR(static_cast<double>(bent.size()), 1 + 200 * pi / 20, 1);
  for (size_t i = 1; i < bent.size(); ++i) {
    EXPECT_NEAR(bent[i].position_A.norm(), 200, 0.6) << "the curve ends straight, so half a node further in it is off";
    EXPECT_NEAR((bent[i].position_A - bent[i - 1].position_A).norm(), 20, 0.05) << "the chord of 20 Å of arc";
  }
  EXPECT_THROW(helical_repeats(line, {0, 0, {}}), UserError);
}

}  // namespace
}  // namespace tessera
