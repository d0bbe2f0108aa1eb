// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/grid_expectation.h"

#include <gtest/gtest.h>

#include "tessera/average/paper.h"
#include "tessera/average/reference_set.h"
#include "tessera/average/start.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

constexpr int64_t box = 24;

// Two structures that differ by a cap, their particles in turn, and references that are the true maps.
struct Scene {
  explicit Scene(double snr, int count = 12) {
    for (int blob = 0; blob < 4; ++blob) structures[1].centres.push_back({0.8 * blob - 1.6, 1, 6});
    source.count = count;
    source.box = box;
    source.voxel_size_A = 10;
    source.weights.push_back(FourierWeight::from_volume(synthetic::wedge(box, 60)));
    source.load = [this, snr](int64_t i) {
      return synthetic::particle(structures[i % 2], box, synthetic::random_pose(1, i, max_shift), source.weights[0],
                                 snr, 1, i);
    };
    options.classes = 2;
    options.folds = 1;
    options.align.max_shift_voxels = max_shift;
    stack = std::make_unique<ParticleStack>(source, 10.0, context);
    state = fresh_state(*stack, options, 8);
    state.band_limit = 6;
    state.noise_variance.assign(state.noise_variance.size(), 1.5 * box * box * box);
    references = std::make_unique<ReferenceSet>(*stack, options);
    // Of the maps in particles whose background has variance 1: two thirds of it come through the wedge.
    const auto scale =
        static_cast<float>(std::sqrt(1.5 * snr / statistics(synthetic::render(structures[0], box, {})).variance));
    std::vector<Volume<float>> maps;
    for (const auto& structure : structures) {
      maps.push_back(synthetic::render(structure, box, {}));
      for (int64_t i = 0; i < maps.back().size(); ++i) maps.back()[i] *= scale;
    }
    references->build(maps, state, 1, context);
  }
  ExpectationInput input() const {
    return {.stack = *stack,
            .aligners = references->aligners(),
            .class_prior = prior,
            .fold_of = fold,
            .previous = state.assignments,
            .posterior = {}};
  }
  std::vector<Assignment> over_grid(ExecContext& by) const {
    return expectation_over_grid(input(), {16, state.band_limit, max_shift}, by, "test");
  }

  void assign(double first, double second) {
    state.assignments.assign(12, {});
    for (Assignment& one : state.assignments) one.poses = {{{}, first, 0}, {{}, second, 1}};
  }

  static constexpr double max_shift = 1.5;
  Threads threads{2};
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink, 7};
  synthetic::Phantom structures[2] = {synthetic::make_phantom(5, 30, 31, 1.6), synthetic::make_phantom(5, 30, 31, 1.6)};
  ParticleSource source;
  AverageOptions options;
  AverageState state;
  std::vector<double> prior{0.5, 0.5};
  std::vector<int> fold = std::vector<int>(12, 0);
  std::unique_ptr<ParticleStack> stack;
  std::unique_ptr<ReferenceSet> references;
};

double share_of(const Assignment& one, int class_index) {
  double out = 0;
  for (const WeightedPose& p : one.poses) out += p.class_index == class_index ? p.probability : 0;
  return out;
}

// The sum over rotations by many random ones, at every translation of the grid, of likelihoods by components instead of
// shells: of few shells each rounds the lowest in its own way, for both classes nearly alike.
TEST(GridExpectation, WeighsClassesAsManyRandomPosesDo) {
  Scene scene(0.0007);
  const auto found = scene.over_grid(scene.context);
  const auto translations =
      translation_ball(Scene::max_shift, 0.35 * box / static_cast<double>(scene.state.band_limit));
  constexpr int rotations = 3000;
  double doubt = 0;
  for (int64_t i = 0; i < 6; ++i) {
    double evidence[2] = {};
    const auto particle = scene.stack->particle(i);
    Random random(3, "oracle", static_cast<uint64_t>(i));
    for (int sample = 0; sample < rotations; ++sample) {
      const Rotation rotation = Rotation::random(random);
      for (const Vec3& shift : translations)
        for (int k = 0; k < 2; ++k)
          evidence[k] += std::exp(
              scene.references->aligners()[k][0]->score(*particle, 0, {rotation, shift}).log_likelihood_ratio());
    }
    const double expected = evidence[1] / (evidence[0] + evidence[1]);
    EXPECT_NEAR(share_of(found[i], 1), expected, 0.07) << i;
    doubt += std::min(expected, 1 - expected);
  }
  EXPECT_GT(doubt, 0.5);  // otherwise this says nothing
}

TEST(GridExpectation, PosesSumToOneTheMostProbableClassFirst) {
  Scene scene(0.01);
  for (const Assignment& one : scene.over_grid(scene.context)) {
    EXPECT_NEAR(share_of(one, 0) + share_of(one, 1), 1, 1e-6);
    EXPECT_GE(share_of(one, one.poses.front().class_index), 0.5);
    EXPECT_LE(std::ssize(one.poses), PoseGrid::draws);
  }
}

TEST(GridExpectation, SaysOfANarrowPosteriorWhatCandidatesSay) {
  Scene scene(0.5);
  const auto found = scene.over_grid(scene.context);
  const auto expected = expectation(scene.input(), scene.context, "test");
  for (int64_t i = 0; i < scene.stack->count(); ++i) {
    EXPECT_EQ(found[i].log_likelihood, expected[i].log_likelihood) << i;
    EXPECT_EQ(found[i].poses.front().class_index, expected[i].poses.front().class_index) << i;
  }
}

TEST(GridExpectation, AnEmptyClassGetsNothing) {
  Scene scene(0.01);
  scene.prior = {0, 1};
  for (const Assignment& one : scene.over_grid(scene.context)) EXPECT_NEAR(share_of(one, 1), 1, 1e-6);
}

TEST(GridExpectation, SameBitsForAnyNumberOfThreadsAndRanks) {
  Scene scene(0.01);
  const auto expected = scene.over_grid(scene.context);
  const auto compare = [&](const std::vector<Assignment>& found) {
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(found[i].poses.size(), expected[i].poses.size());
      EXPECT_EQ(found[i].log_likelihood, expected[i].log_likelihood);
      EXPECT_EQ(found[i].residual, expected[i].residual);
      for (size_t p = 0; p < found[i].poses.size(); ++p) {
        EXPECT_EQ(found[i].poses[p].probability, expected[i].poses[p].probability);
        EXPECT_EQ(found[i].poses[p].pose.particle_from_ref.x(), expected[i].poses[p].pose.particle_from_ref.x());
      }
    }
  };
  for (const int threads : {1, 7}) {
    Threads others(threads);
    ExecContext context{others, scene.comm, scene.sink, 7};
    compare(scene.over_grid(context));
  }
  run_fake_ranks(3, [&](Comm& comm) {
    Threads one(1);
    ExecContext context{one, comm, scene.sink, 7};
    compare(scene.over_grid(context));
  });
}

// One that was over candidates, at temperature 1.
IterationReport candidates_looked_at() {
  IterationReport out;
  out.temperature = 1;
  return out;
}

TEST(GridExpectation, IsForSeveralClassesInDoubtThatAGridResolves) {
  Scene scene(0.01);
  scene.state.reports = {candidates_looked_at()};
  const auto grid = [&] { return grid_of_poses(*scene.stack, scene.options, scene.state, 1); };
  scene.assign(0.9, 0.1);
  ASSERT_TRUE(grid());
  EXPECT_EQ(grid()->shells, 6);
  EXPECT_GE(grid()->degrees, 2 * pi * 8 * 6 / 24);
  EXPECT_FALSE(grid_of_poses(*scene.stack, scene.options, scene.state, 1.2));
  scene.state.classes[1].mask_radius = 40;
  EXPECT_FALSE(grid());
  scene.state.classes[1].mask_radius = 8;
  scene.assign(0.999, 0.001);
  EXPECT_FALSE(grid());
  scene.assign(0.5, 0.5);
  scene.options.classes = 1;
  EXPECT_FALSE(grid());
  scene.options.classes = 2;
  EXPECT_TRUE(grid());
  scene.options.model.all_poses = false;
  EXPECT_FALSE(grid());
  scene.options.model.all_poses = true;
  set_paper_mode(scene.options);
  EXPECT_FALSE(grid());
}

TEST(GridExpectation, IsForWidePosteriorsOnceAGridHasSeenThem) {
  Scene scene(0.01);
  scene.assign(0.999, 0.001);
  const auto grid = [&] { return grid_of_poses(*scene.stack, scene.options, scene.state, 1).has_value(); };
  EXPECT_TRUE(grid()) << "nothing was looked at yet";
  IterationReport& last = scene.state.reports.emplace_back(candidates_looked_at());
  last.effective_candidates = 20;
  EXPECT_FALSE(grid()) << "candidates know nothing of what they miss";
  last.temperature = 1.1;
  EXPECT_TRUE(grid()) << "the first at temperature 1";
  last.temperature = 1;
  last.pose_grid_degrees = 16;
  EXPECT_TRUE(grid());
  last.effective_candidates = 3;
  EXPECT_FALSE(grid()) << "narrow";
}

}  // namespace
}  // namespace tessera
