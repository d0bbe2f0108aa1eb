// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/class_ends.h"

#include <gtest/gtest.h>

#include "tessera/align/compare.h"
#include "tessera/average/averager.h"
#include "tessera/average/class_members.h"
#include "tessera/average/start.h"
#include "tests/support/synthetic_particles.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

// Sixteen noisy particles of each of two phantoms, by turns, in the right classes.
struct TwoKinds {
  static constexpr int64_t box = 20;
  static constexpr int count = 32;
  static constexpr double max_shift = 1;

  explicit TwoKinds(double snr) {
    source.count = count;
    source.box = box;
    source.voxel_size_A = 10;
    source.weights.push_back(FourierWeight::from_volume(synthetic::wedge(box, 60)));
    source.load = [this, snr](int64_t i) {
      return synthetic::particle(kinds[i % 2], box, truth(i), source.weights[0], snr, 1, static_cast<uint64_t>(i));
    };
    options.classes = 2;
    options.align.max_shift_voxels = max_shift;
  }
  static Pose truth(int64_t i) { return synthetic::random_pose(1, static_cast<int>(i), max_shift); }
  static Pose elsewhere(int64_t i) { return synthetic::random_pose(2, static_cast<int>(i), max_shift); }

  template <typename PoseOf>
  AverageState state_at(const ParticleStack& stack, PoseOf&& pose_of) const {
    AverageState out = fresh_state(stack, options, 7);
    out.assignments.resize(count);
    for (int i = 0; i < count; ++i) out.assignments[i].poses = {{pose_of(i), 0.9, i % 2}, {{}, 0.1, 1 - i % 2}};
    return out;
  }

  synthetic::Phantom kinds[2] = {synthetic::make_phantom(5, 30, 31, 1.6), synthetic::make_phantom(5, 30, 77, 1.6)};
  ParticleSource source;
  AverageOptions options;
};

constexpr int degrees = 12;

TEST(ClassEnds, FindStructuresThatTheirPosesDoNotShow) {
  TwoKinds scene(0.06);
  test::Workers workers(2);
  ParticleStack stack(scene.source, stack_mask_radius(TwoKinds::box, 10, scene.options), workers.context);
  AverageState state = scene.state_at(stack, TwoKinds::elsewhere);
  const auto were = state.assignments;
  const auto correlation = [&](const ParticleStack& of, const std::vector<std::vector<WeightedPose>>& poses, int k) {
    const std::vector<int> fold_of(TwoKinds::count, 0);
    const auto sums = accumulate(of, poses, fold_of, 1, 2, TwoKinds::box / 2, workers.context);
    const Resolution flat{{}, std::vector<double>(TwoKinds::box / 2 + 1, 1.0), 1};
    const Map map{solved_map(sums[k].all(), flat, TwoKinds::box / 2), 10};
    const Map truth{synthetic::render(scene.kinds[k], TwoKinds::box, {}), 10};
    return compare_maps(map, truth, {}, workers.context).same_hand.correlation_masked;
  };
  const ClassEnds ends = end_over_all_poses(stack, scene.options, state, workers.context, {.degrees = degrees});
  EXPECT_TRUE(ends.any());
  EXPECT_FALSE(ends.passes.empty());
  for (int k = 0; k < 2; ++k) {
    EXPECT_GT(ends.effective_poses[k], most_effective_candidates) << k;
    EXPECT_EQ(members_of(state.assignments, k).size(), 16u);
    std::vector<std::vector<WeightedPose>> all;
    for (int i = 0; i < TwoKinds::count; ++i) {
      const auto& poses = state.assignments[i].poses;
      double sum = 0;
      for (const WeightedPose& pose : poses) {
        EXPECT_EQ(pose.class_index, i % 2);
        sum += pose.probability;
      }
      EXPECT_NEAR(sum, 1, 1e-6);
      all.push_back(poses);
    }
    const double now = correlation(stack, all, k), before = correlation(stack, poses_of(were), k);
    EXPECT_GT(now, 0.9) << k;
    EXPECT_LT(1 - now, 0.6 * (1 - before)) << k;  // phantoms are round, nearly
  }
}

// Particles whose poses are plain to see are left to candidates, and so are those too few for half-sets.
TEST(ClassEnds, LeaveNarrowPosteriorsAndTinyClassesAlone) {
  TwoKinds scene(3);
  test::Workers workers(2);
  ParticleStack stack(scene.source, stack_mask_radius(TwoKinds::box, 10, scene.options), workers.context);
  AverageState state = scene.state_at(stack, TwoKinds::truth);
  for (int i = 0; i < TwoKinds::count; ++i)
    if (i % 2 == 1 && i > 5) state.assignments[i].poses = {{TwoKinds::truth(i), 1, 0}};
  const auto before = state.assignments;
  const ClassEnds ends = end_over_all_poses(stack, scene.options, state, workers.context, {.degrees = degrees});
  EXPECT_FALSE(ends.any());
  for (const StartPass& pass : ends.passes) EXPECT_EQ(pass.title.find("class 2"), std::string::npos);
  for (int i = 0; i < TwoKinds::count; ++i) ASSERT_EQ(state.assignments[i].poses.size(), before[i].poses.size());
  state.reports.resize(2);
  const auto passes = [&] {
    return end_over_all_poses(stack, scene.options, state, workers.context, {.degrees = degrees}).passes.size();
  };
  EXPECT_GT(passes(), 0u) << "over candidates alone";
  state.reports[0].pose_grid_degrees = 16;
  EXPECT_EQ(passes(), 0u) << "a grid has seen that they are narrow";
  state.reports[1].pose_grid_degrees = 16;
  state.reports[1].effective_candidates = 30;
  EXPECT_GT(passes(), 0u) << "and they are wide";
}

TEST(ClassEnds, SameBitsForAnyNumberOfThreadsAndRanks) {
  TwoKinds scene(0.06);
  const auto on = [&](Comm& comm, int threads) {
    Threads pool(threads);
    SilentSink sink;
    ExecContext context{pool, comm, sink, 7};
    ParticleStack stack(scene.source, stack_mask_radius(TwoKinds::box, 10, scene.options), context);
    AverageState state = scene.state_at(stack, TwoKinds::elsewhere);
    end_over_all_poses(stack, scene.options, state, context, {.degrees = degrees});
    std::vector<double> out;
    for (const Assignment& one : state.assignments)
      for (const WeightedPose& p : one.poses)
        out.insert(out.end(), {p.pose.particle_from_ref.w(), p.pose.shift_voxels.x, p.probability});
    return out;
  };
  LocalComm local;
  const auto one = on(local, 1);
  EXPECT_GT(one.size(), 3u * 2 * TwoKinds::count);
  EXPECT_EQ(on(local, 3), one);
  std::vector<std::vector<double>> found(2);
  run_fake_ranks(2, [&](Comm& comm) { found[comm.rank()] = on(comm, 1); });
  for (const auto& rank : found) EXPECT_EQ(rank, one);
}

TEST(ClassEnds, OnlyWhereARunMayChooseItsPoses) {
  AverageOptions options;
  EXPECT_FALSE(ends_over_all_poses(options, false, false)) << "one class";
  options.classes = 2;
  EXPECT_TRUE(ends_over_all_poses(options, false, false));
  EXPECT_FALSE(ends_over_all_poses(options, true, false));
  EXPECT_FALSE(ends_over_all_poses(options, false, true));
  const auto without = [&](auto&& change) {
    AverageOptions other = options;
    change(other);
    return !ends_over_all_poses(other, false, false);
  };
  EXPECT_TRUE(without([](AverageOptions& o) { o.start = "particles"; }));
  EXPECT_TRUE(without([](AverageOptions& o) { o.method = "fa"; }));
  EXPECT_TRUE(without([](AverageOptions& o) { o.symmetry = {"C2"}; }));
  EXPECT_TRUE(without([](AverageOptions& o) { o.fixed_poses = true; }));
  EXPECT_TRUE(without([](AverageOptions& o) { o.model.class_ends = false; }));
}

// A run stopped after any iteration ends as the whole one does, the last included.
TEST(ClassEnds, ResumedRunsEndWithTheSameBits) {
  TwoKinds scene(0.06);
  scene.source.count = 16;
  scene.options.iterations = 2;
  scene.options.starts = scene.options.class_starts = scene.options.class_start_iterations = 1;
  test::Workers workers(2);
  std::vector<AverageState> states;
  const auto run = [&](const AverageState* resume) {
    ParticleStack stack(scene.source, stack_mask_radius(TwoKinds::box, 10, scene.options), workers.context);
    return average_particles(
        stack, scene.options, workers.context,
        [&](const AverageState& state, const auto&) {
          if (!resume) states.push_back(state);
        },
        resume);
  };
  const AverageResult whole = run(nullptr);
  ASSERT_EQ(states.size(), 2u);
  EXPECT_FALSE(whole.class_ends.passes.empty());
  const AverageResult resumed = run(&states[1]);
  EXPECT_EQ(resumed.state.iteration, 2);
  EXPECT_EQ(resumed.class_ends.effective_poses, whole.class_ends.effective_poses);
  EXPECT_EQ(resumed.noise_control->correlation, whole.noise_control->correlation);
  for (int k = 0; k < 2; ++k)
    for (int64_t i = 0; i < whole.maps[k].map.size(); ++i) ASSERT_EQ(whole.maps[k].map[i], resumed.maps[k].map[i]);
}

}  // namespace
}  // namespace tessera
