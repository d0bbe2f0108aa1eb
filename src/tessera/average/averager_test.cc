// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/averager.h"

#include "tessera/average/class_balance.h"
#include "tessera/average/recentre.h"

#include <gtest/gtest.h>

#include "tessera/align/compare.h"
#include "tessera/base/errors.h"
#include "tessera/volume/masks.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

struct Scene {
  explicit Scene(int count, double snr, int64_t box = 24) : snr(snr), box(box) {
    source.count = count;
    source.box = box;
    source.voxel_size_A = 10;
    source.weights.push_back(FourierWeight::from_volume(synthetic::wedge(box, 60)));
    for (int i = 0; i < count; ++i) poses.push_back(synthetic::random_pose(1, i, 1.5));
    source.load = [this](int64_t i) {
      return synthetic::particle(phantom, this->box, poses[i], source.weights[0], this->snr, 1, i);
    };
    options.align.max_shift_voxels = 2;
    options.iterations = 2;
    options.start = "particles";
    options.starts = 2;
    options.start_iterations = 1;
  }
  ExecContext context(Threads& threads) { return {threads, comm, sink, 7}; }
  std::vector<WeightedPose> weighted() const {
    std::vector<WeightedPose> out;
    for (const Pose& pose : poses) out.push_back({pose});
    return out;
  }
  ParticleStack stack(ExecContext& context) { return {source, stack_mask_radius(box, 10, options), context}; }

  double snr;
  int64_t box;
  synthetic::Phantom phantom = synthetic::make_phantom(5.5, 40, 31, 1.6);
  ParticleSource source;
  std::vector<Pose> poses;
  AverageOptions options;
  LocalComm comm;
  SilentSink sink;
};

TEST(Average, AtTheTruePosesIsTheStructure) {  // noise-free: only interpolation and the wedge's edges differ
  Scene scene(12, 1e9);
  Threads threads(2);
  ExecContext context = scene.context(threads);
  const ParticleStack stack = scene.stack(context);
  const AverageMaps maps = average_at_poses(stack, scene.weighted(), scene.options, context)[0];
  const Volume<float> truth = synthetic::render(scene.phantom, scene.box, {});
  EXPECT_GT(masked_correlation(maps.map, truth, soft_sphere(truth.shape(), 8, 2)), 0.99);
}

TEST(Average, ReferenceFreeReachesTheAverageAtTheTruePoses) {
  Scene scene(24, 0.3);
  scene.options.start = "auto";
  Threads threads(2);
  ExecContext context = scene.context(threads);
  ParticleStack stack = scene.stack(context);
  const Map truth{synthetic::render(scene.phantom, scene.box, {}), 10};
  const AverageMaps ceiling = average_at_poses(stack, scene.weighted(), scene.options, context)[0];
  const AverageResult result = average_particles(stack, scene.options, context, nullptr);
  const auto found = compare_maps({result.maps[0].map, 10}, truth, {}, context).same_hand.correlation_masked;
  const auto best = compare_maps({ceiling.map, 10}, truth, {}, context).same_hand.correlation_masked;
  EXPECT_GT(found, 0.95 * best);
  for (const Assignment& a : result.state.assignments) {
    double sum = 0;
    for (const WeightedPose& p : a.poses) sum += p.probability;
    EXPECT_NEAR(sum, 1, 1e-9);
  }
}

// Posteriors this wide end a run with its start; its average is compared with noise all the same.
TEST(Average, AStartThatIsAllIsComparedWithNoise) {
  Scene scene(14, 0.06);
  scene.options.start = "marginal";
  scene.options.iterations = 3;
  scene.options.align.max_shift_voxels = 1;
  Threads threads(2);
  ExecContext context = scene.context(threads);
  ParticleStack stack = scene.stack(context);
  const AverageResult result = average_particles(stack, scene.options, context, nullptr);
  ASSERT_EQ(result.state.iteration, 1);
  ASSERT_GT(result.state.reports[0].effective_candidates, 100);
  EXPECT_TRUE(result.state.reports[0].of_start);
  const AverageResult resumed = average_particles(stack, scene.options, context, nullptr, &result.state);
  EXPECT_EQ(resumed.state.iteration, 1);
  EXPECT_EQ(resumed.stop_reason, result.stop_reason);
  ASSERT_TRUE(result.noise_control);
  EXPECT_TRUE(result.noise_control->tells_from_noise())
      << result.noise_control->correlation << " against " << result.noise_control->of_noise;
}

TEST(Average, SameBitsForAnyNumberOfThreads) {
  std::vector<Volume<float>> maps;
  for (const int count : {1, 2, 7}) {
    Scene scene(12, 0.3, 20);
    Threads threads(count);
    ExecContext context = scene.context(threads);
    ParticleStack stack = scene.stack(context);
    maps.push_back(average_particles(stack, scene.options, context, nullptr).maps[0].map);
  }
  for (const auto& map : maps)
    for (int64_t i = 0; i < map.size(); ++i) ASSERT_EQ(map[i], maps[0][i]);
}

TEST(Average, ResumingGivesTheBitsOfAnUninterruptedRun) {
  Threads threads(2);
  Scene scene(12, 0.3, 20);
  scene.options.iterations = 3;
  ExecContext context = scene.context(threads);
  std::vector<AverageState> states;
  ParticleStack first = scene.stack(context);
  const auto whole = average_particles(first, scene.options, context,
                                       [&](const AverageState& state, const auto&) { states.push_back(state); });
  ParticleStack second = scene.stack(context);
  const auto resumed = average_particles(second, scene.options, context, nullptr, &states[0]);
  for (int64_t i = 0; i < whole.maps[0].map.size(); ++i) ASSERT_EQ(whole.maps[0].map[i], resumed.maps[0].map[i]);
}

TEST(Stop, WhenTheMapRestsOrTheRunStalls) {
  std::vector<IterationReport> reports(12);
  for (int i = 0; i < 12; ++i) {
    reports[i].band_limit = 8 + i;
    reports[i].mean_log_likelihood = 100 + i;
    reports[i].map_correlation = 0.99;
    reports[i].mean_rotation_change_deg = 80;
  }
  EXPECT_FALSE(reason_to_stop({}));
  EXPECT_FALSE(reason_to_stop(reports)) << "still growing";
  auto resting = reports;
  resting[10].map_correlation = resting[11].map_correlation = 0.9995;
  EXPECT_TRUE(reason_to_stop(resting));
  resting[10].band_limit = 17;
  EXPECT_FALSE(reason_to_stop(resting)) << "alike, but at another band limit";
  resting[10].band_limit = 18;
  EXPECT_TRUE(reason_to_stop(resting));
  resting[10].temperature = 1.2;
  EXPECT_FALSE(reason_to_stop(resting)) << "still being annealed";
  auto stalled = reports;
  for (int i = 7; i < 12; ++i) {
    stalled[i].band_limit = stalled[6].band_limit;
    stalled[i].mean_log_likelihood = stalled[6].mean_log_likelihood + 0.1;
  }
  EXPECT_TRUE(reason_to_stop(stalled));
  stalled[9].mean_log_likelihood += 1;
  EXPECT_FALSE(reason_to_stop(stalled)) << "the likelihood rose";
  stalled[9].mean_log_likelihood -= 1;
  stalled[10].mean_rotation_change_deg = 60;
  EXPECT_FALSE(reason_to_stop(stalled)) << "the poses settle";
}

TEST(Stop, WithAStartThatIsTheWholeRun) {
  IterationReport report;
  report.effective_candidates = 1000;
  EXPECT_FALSE(reason_to_stop({report})) << "poses of a grid, in an iteration";
  report.of_start = true;
  EXPECT_TRUE(reason_to_stop({report}));
}

TEST(ParticleRadius, IsThatOfWhatTwoNoisyMapsShare) {
  for (const double radius : {7.0, 11.0, 15.0})
    for (const double noise : {0.0, 0.2, 0.5}) {
      const int64_t n = 48;
      const Volume<float> ball = soft_sphere(Shape3::cube(n), radius, 2), mask = soft_sphere(Shape3::cube(n), 20, 3);
      Random random(7, "noise");
      const auto noisy = [&] {
        Volume<float> map(ball.shape());
        for (int64_t i = 0; i < map.size(); ++i)
          map[i] = ball[i] + static_cast<float>(noise * random.normal()) * mask[i];
        return map;
      };
      const Volume<float> first = noisy(), second = noisy();
      const double found = particle_radius(first, second, 20, background_profile(n, 20, 0));
      EXPECT_GE(found, radius) << radius << " " << noise;
      EXPECT_LE(found, radius + 4.5) << radius << " " << noise;
    }
}

TEST(Recentre, FindsACommonOffsetAndMovesPosesWithTheMap) {
  const Vec3 offset{1.5, -2, 0.7};
  Random random(4, "recentre");
  std::vector<Assignment> assignments(200);
  std::vector<Pose> centred;
  for (Assignment& a : assignments) {
    Pose pose{Rotation::random(random), {random.normal() * 0.1, random.normal() * 0.1, random.normal() * 0.1}};
    centred.push_back(pose);
    pose.shift_voxels += pose.particle_from_ref * offset;
    a.poses = {{pose, 0.5, 0}, {pose, 0.5, 0}};
  }
  EXPECT_LT((mean_offset(assignments, 0) - offset).norm(), 0.05);
  const Vec3 point{2, 3, 4};
  auto moved = assignments;
  move_reference(moved, 0, offset, 5);
  for (size_t i = 0; i < moved.size(); ++i) {
    const Pose &before = assignments[i].poses[1].pose, &after = moved[i].poses[1].pose;
    const Vec3 a = before.particle_from_ref * point + before.shift_voxels;
    const Vec3 b = after.particle_from_ref * (point + offset) + after.shift_voxels;
    EXPECT_LT((a - b).norm(), 1e-9) << "the same point of the particle";
  }
  move_reference(assignments, 0, {-20, 0, 0}, 5);
  for (const Assignment& a : assignments) EXPECT_LE(a.poses[0].pose.shift_voxels.norm(), 5 + 1e-9);
}

TEST(Posterior, SumsToOneAndPrefersTheLikely) {
  std::vector<PosteriorPeak> peaks(3);
  peaks[0].refined.score = {10, 4};
  peaks[1].refined.score = {9, 4};
  peaks[2].refined.score = {-50, 4};
  std::vector<WeightedPose> out;
  const double evidence = posterior(peaks, {}, out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_NEAR(out[0].probability / out[1].probability, std::exp(1.0), 1e-9);
  EXPECT_NEAR(evidence, std::log(std::exp(8.0) + std::exp(7.0) + std::exp(-52.0)), 1e-9);
}

TEST(Posterior, TemperatureWidensItAndLeavesTheEvidence) {
  std::vector<PosteriorPeak> peaks(2);
  peaks[0].refined = {{}, {10, 4}, 0.5};
  peaks[1].refined = {{}, {7, 4}, 0.2};
  std::vector<WeightedPose> out;
  const double evidence = posterior(peaks, {}, out);
  EXPECT_NEAR(posterior(peaks, {.temperature = 3}, out), evidence, 1e-12);
  EXPECT_NEAR(out[0].probability / out[1].probability, std::exp(3.0 / 3 - 0.3), 1e-9) << "volumes are not tempered";
}

TEST(Posterior, TheMostProbableClassComesFirst) {
  std::vector<PosteriorPeak> peaks(4);
  const double cross[] = {10, 9.9, 9.8, 8};
  const int classes[] = {0, 1, 1, 0};
  for (int i = 0; i < 4; ++i) {
    peaks[i].refined.score = {cross[i], 4};
    peaks[i].class_index = classes[i];
  }
  std::vector<WeightedPose> out;
  posterior(peaks, {}, out);
  ASSERT_EQ(out.size(), 4u);
  EXPECT_EQ(out[0].class_index, 1) << "two good poses outweigh the best one";
  EXPECT_NEAR(out[0].log_likelihood, 7.9, 1e-12);
  for (auto& peak : peaks) peak.log_prior = peak.class_index == 0 ? std::log(0.9) : std::log(0.1);
  posterior(peaks, {}, out);
  EXPECT_EQ(out[0].class_index, 0) << "the prior decides";
  posterior(peaks, {.hard = true}, out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].class_index, 0);
  EXPECT_EQ(out[0].probability, 1);
}

// Members of class 0 fit the worse, the higher their number.
TEST(ClassBalance, ADeadClassTakesTheWorstHalfOfTheLargest) {
  std::vector<Assignment> assignments(40);
  for (int i = 0; i < 40; ++i) {
    assignments[i].correlation = 40 - i;
    assignments[i].poses = {{{}, 1.0, i < 30 ? 0 : 1}};
  }
  EXPECT_TRUE(reseed_dead_classes(assignments, 2).empty());
  EXPECT_EQ(reseed_dead_classes(assignments, 3), std::vector{2});
  for (int i = 0; i < 40; ++i) EXPECT_EQ(assignments[i].poses[0].class_index, i < 15 ? 0 : i < 30 ? 2 : 1) << i;
  std::vector<Assignment> few(10);
  for (Assignment& a : few) a.poses = {{{}, 1.0, 0}};
  EXPECT_TRUE(reseed_dead_classes(few, 2).empty()) << "too few to split";
}

}  // namespace
}  // namespace tessera
