// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/paper.h"

#include <gtest/gtest.h>

#include <limits>

#include "tessera/average/averager.h"
#include "tessera/average/start.h"
#include "tessera/base/errors.h"
#include "tessera/volume/shells.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

// Two structures in turns. The grid is coarser than the preset's: 15°, for speed.
struct Scene {
  explicit Scene(int threads_count = 2) : threads(threads_count) {
    source.count = 12;
    source.box = box;
    source.voxel_size_A = 10;
    source.weights.push_back(FourierWeight::from_volume(synthetic::wedge(box, 60)));
    source.load = [this](int64_t i) {
      return synthetic::particle(phantoms[i % 2], box, synthetic::random_pose(1, i, 1.5), source.weights[0], 0.3, 1, i);
    };
    options.align.max_shift_voxels = 2;
    options.iterations = 2;
    options.starts = 1;
    options.start_iterations = 1;
  }
  void use_paper_mode(const std::string& method, int classes) {
    options.method = method;
    options.classes = classes;
    set_paper_mode(options);
    options.align.bandwidth = 12;
  }
  ParticleStack stack() {
    return {
        source, {.mask_radius = stack_mask_radius(box, 10, options), .masked = options.model.mask_particles}, context};
  }
  AverageResult run(const AverageState* resume = nullptr, const IterationCallback& after = nullptr) {
    ParticleStack particles = stack();
    return average_particles(particles, options, context, after, resume);
  }

  static constexpr int64_t box = 20;
  Threads threads;
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink, 7};
  synthetic::Phantom phantoms[2] = {synthetic::make_phantom(5, 30, 31, 1.4), synthetic::make_phantom(4, 12, 32, 1.4)};
  ParticleSource source;
  AverageOptions options;
};

bool same(const AverageResult& a, const AverageResult& b) {
  for (size_t k = 0; k < a.maps.size(); ++k)
    for (int64_t i = 0; i < a.maps[k].map.size(); ++i)
      if (a.maps[k].map[i] != b.maps[k].map[i]) return false;
  return true;
}

TEST(PaperMode, RunsBothMethodsWithOneAndTwoClasses) {
  for (const char* method : {"faml", "fa"})
    for (const int classes : {1, 2}) {
      Scene scene;
      scene.use_paper_mode(method, classes);
      const AverageResult result = scene.run();
      const AverageState& state = result.state;
      const bool likelihood = scene.options.method == "faml";
      EXPECT_EQ(state.band_limit, (Scene::box - 1) / 2) << "every shell below Nyquist";
      EXPECT_EQ(state.references.size(), likelihood ? classes : 0) << "of the imputation";
      EXPECT_EQ(state.shift_deviation > 0, likelihood);
      EXPECT_LT(state.shift_deviation, 2) << "no longer the size of the box";
      for (const double variance : state.noise_variance) EXPECT_EQ(variance, state.noise_variance[0]) << "one σ²";
      double occupied = 0;
      for (const ClassState& one : state.classes) occupied += one.prior;
      EXPECT_NEAR(occupied, 1, 1e-9);
      for (const Assignment& a : state.assignments) {
        double sum = 0;
        for (const WeightedPose& p : a.poses) {
          sum += p.probability;
          EXPECT_EQ(p.half_log_determinant, 0) << "no Laplace volume";
        }
        EXPECT_NEAR(sum, 1, 1e-9);
        if (!likelihood) {
          EXPECT_EQ(a.poses.size(), 1u);
        }
      }
      ASSERT_EQ(result.maps.size(), static_cast<size_t>(classes));
      for (const AverageMaps& one : result.maps)
        for (const float v : one.map) ASSERT_TRUE(std::isfinite(v));
    }
}

TEST(PaperMode, SameBitsForAnyNumberOfThreadsAndAfterResuming) {
  Scene scene(1);
  scene.use_paper_mode("faml", 2);
  scene.options.iterations = 3;
  std::vector<AverageState> states;
  const auto whole = scene.run(nullptr, [&](const AverageState& state, const auto&) { states.push_back(state); });
  Scene again(7);
  again.options = scene.options;
  EXPECT_TRUE(same(whole, again.run()));
  EXPECT_TRUE(same(whole, again.run(&states[0])));
  states[0].references.clear();
  EXPECT_FALSE(same(whole, again.run(&states[0]))) << "what was imputed belongs to the state";
}

// No option that stands for a deviation is without effect.
TEST(PaperMode, EveryDeviationHasAnEffectOfItsOwn) {
  const auto result_with = [](const auto& change) {
    Scene scene;
    scene.options.classes = 2;
    scene.options.start = "random";
    scene.options.folds = 2;
    scene.options.align.bandwidth = 8;
    scene.options.align.candidates = 4;
    scene.options.align.refined = 2;
    scene.options.align.max_shift_voxels = 1.5;
    scene.source.count = 8;
    change(scene.options);
    return scene.run();
  };
  const auto unchanged = result_with([](AverageOptions&) {});
  EXPECT_TRUE(same(unchanged, result_with([](AverageOptions&) {})));
  using Change = std::function<void(AverageOptions&)>;
  const std::pair<const char*, Change> changes[] = {
      {"volumes voronoi", [](AverageOptions& o) { o.model.volumes = "voronoi"; }},
      {"volumes none", [](AverageOptions& o) { o.model.volumes = "none"; }},
      {"imputation", [](AverageOptions& o) { o.model.imputation = true; }},
      {"shift prior", [](AverageOptions& o) { o.model.shift_prior = true; }},
      {"posterior noise", [](AverageOptions& o) { o.model.posterior_noise = true; }},
      {"band", [](AverageOptions& o) { o.model.band = "nyquist"; }},
      {"mask on particles", [](AverageOptions& o) { o.model.mask_particles = false; }},
      {"mask on references", [](AverageOptions& o) { o.model.mask_references = false; }},
      {"recentring", [](AverageOptions& o) { o.model.recentre = false; }},
      {"pose kept", [](AverageOptions& o) { o.model.keep_pose = false; }},
      {"similarity", [](AverageOptions& o) { o.model.similarity = 5; }},
      {"temperature", [](AverageOptions& o) { o.model.temperature = 4; }},
      {"noise per shell", [](AverageOptions& o) { o.noise_per_shell = false; }},
      {"Wiener", [](AverageOptions& o) { o.wiener = false; }},
      {"folds", [](AverageOptions& o) { o.folds = 1; }},
      {"split", [](AverageOptions& o) { o.start = "split"; }},
      {"search", [](AverageOptions& o) { o.align.search = "magnitudes"; }},
      {"maxima", [](AverageOptions& o) { o.align.maxima_window_deg = 40; }},
      {"refinement", [](AverageOptions& o) { o.align.refine = false; }},
  };
  for (const auto& [name, change] : changes) EXPECT_FALSE(same(unchanged, result_with(change))) << name;
  const auto unfiltered = result_with([](AverageOptions& o) { o.wiener = false; });
  EXPECT_FALSE(same(unfiltered, result_with([](AverageOptions& o) {
                      o.wiener = false;
                      o.model.ridge = 0.1;
                    })))
      << "ridge";
}

TEST(SplitStart, DealsParticlesEvenlyAndMeasuresTheNoise) {
  Scene scene;
  scene.use_paper_mode("faml", 5);
  ParticleStack stack = scene.stack();
  ReferenceSet references(stack, scene.options);
  const std::vector<int> fold_of(stack.count(), 0);
  StartLog log;
  const AverageState state = start_state({stack, scene.options, fold_of, 2, 6, log}, references, {}, scene.context);
  std::vector<int> size(5);
  for (const Assignment& a : state.assignments) {
    ASSERT_EQ(a.poses.size(), 1u);
    EXPECT_EQ(angle_between(a.poses[0].pose.particle_from_ref, {}), 0);
    ++size[a.poses[0].class_index];
  }
  std::sort(size.begin(), size.end());
  EXPECT_EQ(size, (std::vector<int>{2, 2, 2, 3, 3}));
  for (const ClassState& one : state.classes) EXPECT_DOUBLE_EQ(one.prior, 0.2);
  EXPECT_EQ(state.shift_deviation, static_cast<double>(Scene::box));
  // Between the noise alone times 1 − 1/2 (the particle is one of its class of two) and all the power twice.
  double power = 0;
  for (const double v : stack.observed_variance()) power = std::max(power, v);
  EXPECT_GT(state.noise_variance[1], 0.4 * stack.observed_variance()[Scene::box / 2]);
  EXPECT_LT(state.noise_variance[1], 2 * power);
}

TEST(Posterior, ACandidateWithoutACellHasNoShare) {
  std::vector<PosteriorPeak> peaks(3);
  for (PosteriorPeak& peak : peaks) peak.refined.score = {10, 4};
  peaks[0].log_prior = -std::numeric_limits<double>::infinity();
  peaks[1].log_prior = std::log(0.25);
  peaks[2].log_prior = std::log(0.75);
  std::vector<WeightedPose> out;
  const double evidence = posterior(peaks, {false, 0}, out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_NEAR(out[0].probability, 0.75, 1e-12);
  EXPECT_NEAR(evidence, 8, 1e-12);
}

TEST(NoiseFromResiduals, CountsTheUnobservedWithTheVarianceBefore) {
  std::vector<Assignment> assignments(2);
  assignments[0].residual = {0, 30, 80};
  assignments[1].residual = {0, 10, 40};
  const std::vector<double> observed = {0, 5, 10}, whole = {0, 8, 30}, previous = {1, 7, 2};
  const auto shells = noise_from_residuals(assignments, {&observed, &observed}, previous, true, 0.5, &whole);
  EXPECT_DOUBLE_EQ(shells[1], (40 + 0.5 * 2 * 3 * 7) / (0.5 * 2 * 8));
  EXPECT_DOUBLE_EQ(shells[2], (120 + 0.5 * 2 * 20 * 2) / (0.5 * 2 * 30));
  const auto one = noise_from_residuals(assignments, {&observed, &observed}, previous, false, 0.5, &whole);
  EXPECT_DOUBLE_EQ(one[0], (40 + 3 * 7 + 120 + 20 * 2) / 38.0);
  EXPECT_EQ(one[0], one[2]);
}

TEST(ModelOptions, UnknownVolumesAreAUserError) {
  ModelOptions options;
  options.volumes = "veronoi";
  EXPECT_THROW(candidate_volumes(options), UserError);
}

}  // namespace
}  // namespace tessera
