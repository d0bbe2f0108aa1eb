// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/zxz_angles.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tessera/base/units.h"

namespace tessera {
namespace {

// Rodrigues: v turned by `angle` about a unit axis, anticlockwise as seen against it.
Vec3 turned(Vec3 v, Vec3 axis, double angle) {
  return v * std::cos(angle) + axis.cross(v) * std::sin(angle) + axis * (axis.dot(v) * (1 - std::cos(angle)));
}

// Dynamo's own words for [tdrot, tilt, narot]: the particle turns clockwise about its z, then about its new x, then
// about its new z. Followed here turn by turn, on the three axes of the particle.
Mat3 as_dynamo_says(DynamoAngles angles) {
  std::vector<Vec3> axes = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const auto turn_clockwise = [&](size_t about, double degrees) {
    const Vec3 axis = axes[about];
    for (Vec3& own : axes) own = turned(own, axis, -degrees * degree);
  };
  turn_clockwise(2, angles.tdrot_deg);
  turn_clockwise(0, angles.tilt_deg);
  turn_clockwise(2, angles.narot_deg);
  return {{{axes[0].x, axes[1].x, axes[2].x}, {axes[0].y, axes[1].y, axes[2].y}, {axes[0].z, axes[1].z, axes[2].z}}};
}

// TOM's: fixed axes, anticlockwise, phi about z, theta about x, psi about z.
Vec3 as_tom_says(Av3Angles angles, Vec3 v) {
  v = turned(v, {0, 0, 1}, angles.phi_deg * degree);
  v = turned(v, {1, 0, 0}, angles.theta_deg * degree);
  return turned(v, {0, 0, 1}, angles.psi_deg * degree);
}

double difference(const Mat3& a, const Mat3& b) {
  double worst = 0;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) worst = std::max(worst, std::abs(a.m[i][j] - b.m[i][j]));
  return worst;
}

TEST(ZxzAngles, DynamoTurnsClockwiseAboutItsNewAxes) {
  for (const DynamoAngles& angles : {DynamoAngles{30, 0, 0}, {0, 40, 0}, {0, 0, 50}, {30, 70, -110}, {-155, 12, 88}})
    EXPECT_LT(difference(from_dynamo(angles).matrix(), as_dynamo_says(angles)), 1e-12);
}

TEST(ZxzAngles, DynamoAndRelionAngleOfOnePublishedParticle) {
  // A particle whose two sets of angles gave the same average in dynamo_average and in relion_reconstruct, with what
  // dynamo_euler2matrix says of it (it carries the particle to the reference), to four decimals.
  const Rotation pose = from_dynamo({-155.55, 63.924, 197.81});
  EXPECT_LT(angle_between(pose, Rotation::from_relion({107.81, 63.924, -65.55})), 1e-9);
  const Mat3 ref_from_particle{{{0.8110, -0.5165, -0.2747}, {0.4516, 0.2544, 0.8552}, {-0.3718, -0.8177, 0.4396}}};
  EXPECT_LT(difference(pose.matrix().transposed(), ref_from_particle), 1e-4);
}

TEST(ZxzAngles, Av3TurnsAnticlockwiseAboutFixedAxes) {
  for (const Av3Angles& angles : {Av3Angles{30, 0, 0}, {0, 40, 0}, {0, 0, 50}, {30, 70, -110}, {-155, 12, 88}})
    for (const Vec3 v : {Vec3{1, 0, 0}, {0, 1, 0}, {0, 0, 1}})
      EXPECT_LT((from_av3(angles) * v - as_tom_says(angles, v)).norm(), 1e-12);
}

TEST(ZxzAngles,
     DynamoIsAv3Negated) {  // as Dynamo's own export to motive lists has it: phi −narot, psi −tdrot, theta −tilt
  EXPECT_LT(angle_between(from_dynamo({20, 50, -80}), from_av3({80, -20, -50})), 1e-12);
}

TEST(ZxzAngles, ThereAndBack) {
  Random random(5, "zxz angles");
  std::vector<Rotation> rotations = {{}, Rotation::about_axis({0, 0, 1}, 2), Rotation::about_axis({1, 0, 0}, pi)};
  for (int i = 0; i < 200; ++i) rotations.push_back(Rotation::random(random));
  for (const Rotation& r : rotations) {
    const DynamoAngles dynamo = dynamo_angles(r);
    EXPECT_LT(angle_between(from_dynamo(dynamo), r), 1e-7);
    EXPECT_GE(dynamo.tilt_deg, 0);
    EXPECT_LE(std::abs(dynamo.tdrot_deg), 180);
    EXPECT_LE(std::abs(dynamo.narot_deg), 180);
    EXPECT_LT(angle_between(from_av3(av3_angles(r)), r), 1e-7);
  }
}

}  // namespace
}  // namespace tessera
