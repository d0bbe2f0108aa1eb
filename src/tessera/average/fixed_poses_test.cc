// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/fixed_start.h"

#include <gtest/gtest.h>

#include "tessera/average/averager.h"
#include "tessera/base/errors.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

// Two structures that differ in one lobe, at known poses; the mask covers the lobe. nuisance: half of each have a
// larger one on the other side.
struct Scene {
  explicit Scene(int count, bool nuisance = false) {
    for (int i = 0; i < count; ++i) poses.push_back({synthetic::random_pose(1, i, 1)});
    synthetic::Phantom whole = synthetic::make_phantom(5.5, 40, 31, 1.6), part = whole;
    for (int i = 0; i < 5; ++i) whole.centres.push_back(lobe + Vec3{0.8 * i - 1.6, 0, 0});
    source.count = count;
    source.box = box;
    source.voxel_size_A = 10;
    source.weights.push_back(FourierWeight::from_volume(synthetic::wedge(box, 60)));
    source.load = [this, whole, part, nuisance](int64_t i) {
      synthetic::Phantom one = i % 2 == 0 ? whole : part;
      for (int k = 0; nuisance && i / 2 % 2 == 0 && k < 9; ++k)
        one.centres.push_back(lobe * -1.0 + Vec3{0.8 * k - 3.2, 0, 0});
      return synthetic::particle(one, box, poses[i].pose, source.weights[0], 0.1, 1, i);
    };
    options.fixed_poses = true;
    options.classes = 2;
    options.align.max_shift_voxels = 2;
    options.iterations = 5;
    options.starts = 2;
  }
  Volume<float> mask() const {
    Volume<float> out(Shape3::cube(box));
    for (int64_t z = 0; z < box; ++z)
      for (int64_t y = 0; y < box; ++y)
        for (int64_t x = 0; x < box; ++x) {
          const double c = static_cast<double>(box) / 2;
          const Vec3 p{static_cast<double>(x) - c, static_cast<double>(y) - c, static_cast<double>(z) - c};
          out(z, y, x) = static_cast<float>(cosine_edge((p - lobe).norm(), 3.5, 5.5));
        }
    return out;
  }
  AverageResult run(const AverageGiven& given, int threads_count = 2) {
    Threads threads(threads_count);
    ExecContext context{threads, comm, sink, 7};
    ParticleStack stack(source, stack_mask_radius(box, 10, options), context);
    return average_particles(stack, options, context, nullptr, nullptr, given);
  }
  int wrong(const AverageResult& result) const {
    int first = 0;
    for (size_t i = 0; i < poses.size(); ++i)
      first += result.state.assignments[i].poses[0].class_index == static_cast<int>(i % 2);
    return std::min(first, static_cast<int>(poses.size()) - first);
  }

  static constexpr int64_t box = 24;
  Vec3 lobe{0, 0, 6.5};
  ParticleSource source;
  std::vector<WeightedPose> poses;
  AverageOptions options;
  LocalComm comm;
  SilentSink sink;
};

TEST(FixedPoses, StayToTheLastBitAndClassesAreFound) {
  Scene scene(40);
  const AverageResult result = scene.run({.references = {}, .poses = scene.poses, .mask = scene.mask()});
  for (size_t i = 0; i < scene.poses.size(); ++i)
    for (const WeightedPose& p : result.state.assignments[i].poses) {
      const Rotation &a = p.pose.particle_from_ref, &b = scene.poses[i].pose.particle_from_ref;
      EXPECT_TRUE(a.w() == b.w() && a.x() == b.x() && a.y() == b.y() && a.z() == b.z());
      EXPECT_EQ(p.pose.shift_voxels, scene.poses[i].pose.shift_voxels);
    }
  EXPECT_LE(scene.wrong(result), 2);
}

TEST(FixedPoses, AMaskTellsWhichDifferenceIsMeant) {
  Scene scene(40, true);
  EXPECT_LE(scene.wrong(scene.run({.references = {}, .poses = scene.poses, .mask = scene.mask()})), 3);
  EXPECT_GE(scene.wrong(scene.run({.references = {}, .poses = scene.poses, .mask = {}})), 10) << "the larger one";
}

TEST(FixedPoses, AreTheSameBitsOnAnyNumberOfThreads) {
  Scene scene(16);
  scene.options.iterations = 2;
  const AverageGiven given{.references = {}, .poses = scene.poses, .mask = scene.mask()};
  const Volume<float> one = scene.run(given, 1).maps[1].map, three = scene.run(given, 3).maps[1].map;
  for (int64_t i = 0; i < one.size(); ++i) ASSERT_EQ(one[i], three[i]);
}

TEST(FixedPoses, AreNeededForEveryParticle) {
  Scene scene(16);
  auto few = scene.poses;
  few.pop_back();
  EXPECT_THROW(scene.run({.references = {}, .poses = few, .mask = {}}), UserError);
}

// One map is the average at those poses.
TEST(FixedPoses, OneClassIsTheAverageAtThem) {
  Scene scene(16);
  scene.options.classes = 1;
  scene.options.mask_diameter_A = 200;
  const AverageResult result = scene.run({.references = {}, .poses = scene.poses, .mask = {}});
  Threads threads(2);
  ExecContext context{threads, scene.comm, scene.sink, 7};
  const ParticleStack stack(scene.source, stack_mask_radius(scene.box, 10, scene.options), context);
  const Volume<float> once = average_at_poses(stack, scene.poses, scene.options, context)[0].map;
  EXPECT_GT(correlation(result.maps[0].map, once), 0.9999);
}

}  // namespace
}  // namespace tessera
