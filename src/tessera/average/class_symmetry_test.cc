// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/class_symmetry.h"

#include <gtest/gtest.h>

#include "tessera/align/compare.h"
#include "tessera/average/averager.h"
#include "tessera/base/errors.h"
#include "tessera/so3/point_group.h"
#include "tessera/volume/masks.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

// Particles of a structure with a three-fold about an axis of its own, off the centre.
struct Scene {
  explicit Scene(int count, double snr) {
    const auto unit = synthetic::make_phantom(2, 4, 5);
    phantom.sigma = 1.4;
    for (const Rotation& g : point_group("C3"))
      for (const Vec3& p : unit.centres)
        phantom.centres.push_back(frame.particle_from_ref * (g * (p + Vec3{4, 0.5, 0})) + frame.shift_voxels);
    for (int k = 0; k < 6; ++k)
      phantom.centres.push_back(phantom.centres[0] * 0.0 + frame.particle_from_ref * Vec3{0, 0, 1.0 * k});
    source.count = count;
    source.box = box;
    source.voxel_size_A = 10;
    source.weights.push_back(FourierWeight::from_volume(synthetic::wedge(box, 60)));
    for (int i = 0; i < count; ++i) poses.push_back(synthetic::random_pose(1, i, 1));
    source.load = [this, snr](int64_t i) {
      return synthetic::particle(phantom, box, poses[i], source.weights[0], snr, 1, i);
    };
    options.align.max_shift_voxels = 2;
    options.iterations = 3;
    options.starts = 1;
    options.start_iterations = 1;
    options.symmetry = {"C3"};
    options.symmetry_from = 1;
  }
  ExecContext context(Threads& threads) { return {threads, comm, sink, 7}; }
  ParticleStack stack(ExecContext& context) { return {source, stack_mask_radius(box, 10, options), context}; }
  std::vector<WeightedPose> weighted() const {
    std::vector<WeightedPose> out;
    for (const Pose& pose : poses) out.push_back({pose});
    return out;
  }

  static constexpr int64_t box = 24;
  Pose frame{Rotation::from_vector({0.5, -0.4, 0.3}), {0.4, -0.3, 0.2}};
  synthetic::Phantom phantom;
  ParticleSource source;
  std::vector<Pose> poses;
  AverageOptions options;
  LocalComm comm;
  SilentSink sink;
};

TEST(ClassSymmetry, OneNameServesAllOrEachHasItsOwn) {
  const ClassSymmetry none({}, 2), all({"D7"}, 3), each({"D7", "C1"}, 2);
  EXPECT_FALSE(none.any());
  EXPECT_EQ(all.group(2).size(), 14u);
  EXPECT_TRUE(each.has(0));
  EXPECT_FALSE(each.has(1));
  EXPECT_TRUE(each.differ());
  EXPECT_FALSE(all.differ());
  EXPECT_THROW(ClassSymmetry({"D7", "C1"}, 3), UserError);
  EXPECT_THROW(ClassSymmetry({"Q3"}, 1), UserError);
}

TEST(ClassSymmetry, TurningAReferenceKeepsItsPointsInTheParticles) {
  const Pose by = synthetic::random_pose(3, 1, 2);
  std::vector<Assignment> before(20);
  for (int i = 0; i < 20; ++i) before[i].poses = {{synthetic::random_pose(4, i, 1), 0.5, i % 2}};
  auto after = before;
  turn_reference(after, 1, by, 20);
  const Vec3 point{2, 3, 4};
  for (int i = 0; i < 20; ++i) {
    const Pose &a = before[i].poses[0].pose, &b = after[i].poses[0].pose;
    const Vec3 there = i % 2 == 1 ? by.particle_from_ref * point + by.shift_voxels : point;
    EXPECT_LT((a.particle_from_ref * point + a.shift_voxels - b.particle_from_ref * there - b.shift_voxels).norm(),
              1e-9);
  }
}

TEST(ClassSymmetry, InvariantPartsLieOnTheAxes) {
  const Vec3 v{1, 2, 3};
  EXPECT_LT((invariant_part(v, point_group("C5")) - Vec3{0, 0, 3}).norm(), 1e-9);
  for (const char* name : {"D3", "T", "O", "I"}) EXPECT_LT(invariant_part(v, point_group(name)).norm(), 1e-9) << name;
  EXPECT_LT((invariant_part(v, point_group("C1")) - v).norm(), 1e-12);
}

// Turning sums by interpolation gives the map that summing every particle at all its equivalent poses gives.
TEST(ClassSymmetry, SymmetrisedSumsAreThoseOfAllEquivalentPoses) {
  Scene scene(6, 1);
  Threads threads(2);
  ExecContext context = scene.context(threads);
  const ParticleStack stack = scene.stack(context);
  const auto group = point_group("D3");
  std::vector<std::vector<WeightedPose>> once, all;
  for (const Pose& pose : scene.poses) {
    once.push_back({{pose}});
    auto& list = all.emplace_back();
    for (const Rotation& g : group)
      list.push_back({{pose.particle_from_ref * g, pose.shift_voxels}, 1.0 / static_cast<double>(group.size())});
  }
  const std::vector<int> fold(6, 0);
  auto sums = accumulate(stack, once, fold, 1, 1, 12, context);
  const auto direct = accumulate(stack, all, fold, 1, 1, 12, context);
  symmetrise(sums[0], group, context);
  const std::vector<double> ridge(13, 0.3);
  const Volume<float> mask = soft_sphere(Shape3::cube(24), 8, 2);
  const Volume<float> a = centred_volume(solve(sums[0].all(), ridge, 10)),
                      b = centred_volume(solve(direct[0].all(), ridge, 10));
  const double n = static_cast<double>(group.size());
  EXPECT_GT(masked_correlation(a, b, mask), 0.98);
  EXPECT_GT(symmetry_score(masked(a, mask), group, {9, {}}), 0.97);
  EXPECT_NEAR(mean_weight(sums[0].all())[5] / (n * mean_weight(direct[0].all())[5]), 1, 0.05);
}

// The average ends in standard axes, invariant under the group and nearer to the truth than without.
TEST(ClassSymmetry, AxesAreFoundAndTheAverageIsSymmetric) {
  Scene scene(20, 0.15);
  scene.options.start = "particles";  // of both averages below: they are to differ in the symmetry alone
  Threads threads(2);
  ExecContext context = scene.context(threads);
  ParticleStack stack = scene.stack(context);
  const AverageResult result = average_particles(stack, scene.options, context, nullptr);
  const auto& status = result.state.classes[0].symmetry;
  ASSERT_TRUE(status && status->imposed);
  EXPECT_GT(status->first_agreement, least_symmetry_agreement);
  const auto group = point_group("C3");
  const Volume<float> mask = soft_sphere(Shape3::cube(24), 8, 2);
  EXPECT_GT(symmetry_score(masked(result.maps[0].map, mask), group, {8, {}}), 0.99);
  const Map truth{synthetic::render(scene.phantom, 24, {}), 10};
  const double with = compare_maps({result.maps[0].map, 10}, truth, {}, context).same_hand.correlation_masked;
  scene.options.symmetry.clear();
  ParticleStack again = scene.stack(context);
  const auto plain = average_particles(again, scene.options, context, nullptr);
  const double without = compare_maps({plain.maps[0].map, 10}, truth, {}, context).same_hand.correlation_masked;
  EXPECT_GT(with, without);
  EXPECT_FALSE(plain.state.classes[0].symmetry);
  // Poses as told average to the same map.
  std::vector<WeightedPose> poses;
  for (const Assignment& a : result.state.assignments) poses.push_back(a.poses[0]);
  scene.options.symmetry = {"C3"};
  const AverageMaps at = average_at_poses(stack, poses, scene.options, context)[0];
  EXPECT_GT(masked_correlation(at.map, result.maps[0].map, mask), 0.97);
}

TEST(ClassSymmetry, FoundAtGivenPosesToo) {
  Scene scene(20, 0.5);
  scene.options.symmetry_axes = "found";
  Threads threads(2);
  ExecContext context = scene.context(threads);
  const ParticleStack stack = scene.stack(context);
  std::vector<WeightedPose> used;
  const AverageMaps found = average_at_poses(stack, scene.weighted(), scene.options, context, {}, &used)[0];
  EXPECT_GT(found.symmetry->agreement, 0.8);
  const Rotation turned = used[0].pose.particle_from_ref.inverse() * scene.poses[0].particle_from_ref;
  EXPECT_GT(std::abs((turned * (scene.frame.particle_from_ref * Vec3{0, 0, 1})).z),
            std::cos(5 * degree));  // 20 noisy particles, coarse shells
  scene.options.symmetry_axes = "given";
  const AverageMaps wrong = average_at_poses(stack, scene.weighted(), scene.options, context)[0];
  EXPECT_LT(wrong.symmetry->agreement, least_symmetry_agreement);
}

TEST(ClassSymmetry, ResumedAndOnAnyNumberOfThreadsTheBitsAreTheSame) {
  std::vector<Volume<float>> maps;
  for (const int count : {1, 2}) {
    Scene scene(10, 0.3);
    Threads threads(count);
    ExecContext context = scene.context(threads);
    ParticleStack stack = scene.stack(context);
    std::vector<AverageState> states;
    maps.push_back(average_particles(stack, scene.options, context,
                                     [&](const AverageState& state, const auto&) { states.push_back(state); })
                       .maps[0]
                       .map);
    ParticleStack second = scene.stack(context);
    maps.push_back(average_particles(second, scene.options, context, nullptr, &states[0]).maps[0].map);
  }
  for (const auto& map : maps)
    for (int64_t i = 0; i < map.size(); ++i) ASSERT_EQ(map[i], maps[0][i]);
}

TEST(ClassSymmetry, ChangesOfPoseAreCountedModuloTheGroup) {
  const auto group = point_group("D7");
  std::vector<Assignment> before(14), after(14);
  Random random(1, "poses");
  for (int i = 0; i < 14; ++i) {
    const Rotation r = Rotation::random(random);
    before[i].poses = {{{r, {}}, 1.0, 0}};
    after[i].poses = {{{Rotation::from_vector({0.01, 0, 0}) * r * group[i], {}}, 1.0, 0}};
  }
  IterationReport modulo, plain;
  describe_change(before, after, modulo, {group});
  describe_change(before, after, plain);
  EXPECT_NEAR(modulo.mean_rotation_change_deg, 0.01 / degree, 1e-6);
  EXPECT_GT(plain.mean_rotation_change_deg, 30);
}

}  // namespace
}  // namespace tessera
