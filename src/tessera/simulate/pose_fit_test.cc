// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/pose_fit.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

struct Sample {
  std::vector<Vec3> reference, scene;
  Rotation rotation;
  Vec3 shift;
};

Sample sample(uint64_t item, int points, double noise) {
  Random random(4, "pose fit test", item);
  Sample out{{}, {}, Rotation::random(random), {random.uniform(0, 1000), 5, random.uniform(0, 1000)}};
  for (int i = 0; i < points; ++i) {
    const Vec3 p{random.normal() * 50, random.normal() * 50, random.normal() * 50};
    out.reference.push_back(p);
    out.scene.push_back(out.rotation * p + out.shift +
                        Vec3{random.normal() * noise, random.normal() * noise, random.normal() * noise});
  }
  return out;
}

double square_sum(const Sample& s, const Rotation& r, Vec3 shift) {
  double sum = 0;
  for (size_t i = 0; i < s.scene.size(); ++i) {
    const Vec3 d = r * s.reference[i] + shift - s.scene[i];
    sum += d.dot(d);
  }
  return sum;
}

TEST(PoseFit, RecoversARigidMotionAndThePapersRuleAgrees) {
  for (uint64_t item = 0; item < 50; ++item) {
    const Sample s = sample(item, 3 + static_cast<int>(item % 9), 0);
    const BodyPose pose = fit_pose(s.reference, s.scene);
    EXPECT_LT(angle_between(pose.scene_from_ref, s.rotation), 1e-6);
    EXPECT_LT((pose.position_A - s.shift).norm(), 1e-8);
    EXPECT_LT(pose.rms_A, 1e-8);
    const auto [a, b, c] = widest_triangle(s.reference);
    const BodyPose paper =
        three_point_pose({s.reference[a], s.reference[b], s.reference[c]}, {s.scene[a], s.scene[b], s.scene[c]});
    EXPECT_LT(angle_between(paper.scene_from_ref, s.rotation), 1e-6);
    EXPECT_LT((paper.position_A - s.shift).norm(), 1e-6);
  }
}

TEST(PoseFit, NoPoseNearbyIsBetter) {
  for (uint64_t item = 0; item < 10; ++item) {
    const Sample s = sample(100 + item, 6, 5);
    const BodyPose pose = fit_pose(s.reference, s.scene);
    const double best = square_sum(s, pose.scene_from_ref, pose.position_A);
    EXPECT_NEAR(pose.rms_A, std::sqrt(best / 6), 1e-9);
    Random random(item, "pose fit trial");
    for (int trial = 0; trial < 100; ++trial) {
      const Rotation turned =
          Rotation::from_vector(Vec3{random.normal(), random.normal(), random.normal()} * 0.02) * pose.scene_from_ref;
      EXPECT_GE(square_sum(s, turned, pose.position_A + Vec3{random.normal(), random.normal(), random.normal()} * 0.3),
                best);
    }
  }
}

TEST(PoseFit, StaysProperForMirrorImagesAndPlanes) {
  Sample s = sample(7, 8, 0);
  for (Vec3& p : s.scene) p.x = -p.x;
  const Mat3 m = fit_pose(s.reference, s.scene).scene_from_ref.matrix();
  EXPECT_NEAR((m * Vec3{1, 0, 0}).cross(m * Vec3{0, 1, 0}).dot(m * Vec3{0, 0, 1}), 1, 1e-9);
  for (Vec3& p : s.reference) p.z = 0;
  for (size_t i = 0; i < s.scene.size(); ++i) s.scene[i] = s.rotation * s.reference[i] + s.shift;
  EXPECT_LT(angle_between(fit_pose(s.reference, s.scene).scene_from_ref, s.rotation), 1e-6) << "in a plane";
}

TEST(PoseFit, PointsOnALineAndSinglePoints) {
  const std::vector<Vec3> line = {{-1, 0, 0}, {0, 0, 0}, {2, 0, 0}}, turned = {{5, 4, 5}, {5, 5, 5}, {5, 7, 5}};
  const BodyPose pose = fit_pose(line, turned);
  EXPECT_LT(pose.rms_A, 1e-9);
  EXPECT_NEAR(angle_between(pose.scene_from_ref, {}), 90 * degree, 1e-9) << "no turn about the line";
  const std::vector<Vec3> one = {{1, 2, 3}}, there = {{4, 4, 4}};
  EXPECT_EQ(fit_pose(one, there).position_A, (Vec3{3, 2, 1}));
  EXPECT_THROW(three_point_pose({line[0], line[1], line[2]}, {turned[0], turned[1], turned[2]}), UserError);
}

TEST(PoseFit, HalfATurn) {
  const std::array<Vec3, 3> from = {Vec3{0, 0, 0}, {1, 0, 0}, {0, 1, 0}}, to = {Vec3{0, 0, 0}, {-1, 0, 0}, {0, 1, 0}};
  const BodyPose pose = three_point_pose(from, to);
  EXPECT_LT(pose.rms_A, 1e-9);
  EXPECT_NEAR(angle_between(pose.scene_from_ref, Rotation::about_axis({0, 1, 0}, pi)), 0, 1e-6);
}

}  // namespace
}  // namespace tessera
