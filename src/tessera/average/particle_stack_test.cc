// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/particle_stack.h"

#include <gmock/gmock.h>

#include <atomic>

#include "tessera/average/align_to_map.h"
#include "tessera/average/averager.h"
#include "tessera/average/maximisation.h"
#include "tessera/base/errors.h"
#include "tessera/optics/wedge.h"
#include "tessera/volume/masks.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t box = 32;

class KeepingSink : public SilentSink {
 public:
  void message(Severity severity, const std::string& text) override {
    if (severity == Severity::warning) warnings += text + "\n";
  }
  std::string warnings;
};

// A tilt range of its own, and a CTF that changes sign.
Volume<float> transfer(double min_deg, double max_deg, double defocus) {
  Volume<float> out = wedge_mask(box, {min_deg * degree, max_deg * degree}, false);
  for (int64_t z = 0, i = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x, ++i) {
        const double k = std::hypot(z - box / 2, y - box / 2, x - box / 2);
        out[i] *= static_cast<float>(std::cos(defocus * k * k + 0.3));
      }
  return out;
}

// Particles through two transfers, both asymmetric: X = H·A + N, N white where H sees anything. `premultiplied`: the
// odd ones are X′ = H·X.
struct Scene {
  explicit Scene(int count, double noise = 0.4, bool premultiplied = false) {
    source.count = count;
    source.box = box;
    source.voxel_size_A = 10;
    const Volume<float> h[2] = {transfer(-60, 45, 0.010), transfer(-40, 62, 0.014)};
    for (int g = 0; g < 2; ++g) {
      model.push_back(FourierWeight::from_volume(h[g]));
      source.weights.push_back(FourierWeight::from_volume(
          h[g], premultiplied && g == 1 ? ParticleData::premultiplied : ParticleData::plain));
    }
    for (int i = 0; i < count; ++i) {
      source.group.push_back(i % 2);
      poses.push_back(synthetic::random_pose(1, i, 1.5));
    }
    source.load = [this, noise, premultiplied](int64_t i) {
      ++loads;
      const FourierWeight& weight = model[i % 2];
      HalfSpectrum spectrum = centred_spectrum(synthetic::render(phantom, box, poses[i]));
      Random random(3, "noise", static_cast<uint64_t>(i));
      Volume<float> white(Shape3::cube(box));
      for (float& v : white) v = static_cast<float>(noise * random.normal());
      const HalfSpectrum added = centred_spectrum(white);
      for (int64_t k = 0; k < spectrum.size(); ++k) {
        const float seen = weight.half()[k];
        const auto x = seen * spectrum.data()[k] + (seen != 0 ? added.data()[k] : 0.0f);
        spectrum.data()[k] = premultiplied && i % 2 == 1 ? seen * x : x;
      }
      return centred_volume(std::move(spectrum));
    };
    options.align.max_shift_voxels = 2;
    options.iterations = 2;
    options.starts = 1;
    options.start_iterations = 1;
  }
  ExecContext context(Threads& threads) { return {threads, comm, sink, 7}; }
  ParticleStack stack(ExecContext& context, double memory_bytes = 1e300, bool skip_unfit = false) const {
    return {source, {stack_mask_radius(box, 10, options), memory_bytes, skip_unfit}, context};
  }
  std::vector<WeightedPose> weighted() const {
    std::vector<WeightedPose> out;
    for (const Pose& pose : poses) out.push_back({pose});
    return out;
  }

  synthetic::Phantom phantom = synthetic::make_phantom(5.5, 40, 31, 1.6);
  std::vector<FourierWeight> model;
  ParticleSource source;
  std::vector<Pose> poses;
  AverageOptions options;
  std::atomic<int> loads = 0;
  LocalComm comm;
  KeepingSink sink;
};

TEST(Weights, TiltGroupsAndPremultipliedDataGiveOneMap) {
  Threads threads(2);
  std::vector<AverageMaps> maps;
  std::vector<std::vector<double>> noise;
  for (const bool premultiplied : {false, true}) {
    Scene scene(40, 0.4, premultiplied);
    ExecContext context = scene.context(threads);
    const ParticleStack stack = scene.stack(context);
    maps.push_back(average_at_poses(stack, scene.weighted(), scene.options, context)[0]);
    noise.push_back(stack.observed_variance());
  }
  const Volume<float> truth = synthetic::render(Scene(1).phantom, box, {}), mask = soft_sphere(truth.shape(), 8, 2);
  EXPECT_GT(masked_correlation(maps[0].map, truth, mask), 0.97);
  EXPECT_GT(masked_correlation(maps[1].map, truth, mask), 0.97);
  EXPECT_GT(masked_correlation(maps[0].map, maps[1].map, mask), 0.995);
  // The same scale too: least squares of one map on the other.
  double ab = 0, aa = 0;
  for (int64_t i = 0; i < mask.size(); ++i) {
    ab += mask[i] * static_cast<double>(maps[0].map[i]) * maps[1].map[i];
    aa += mask[i] * static_cast<double>(maps[0].map[i]) * maps[0].map[i];
  }
  EXPECT_NEAR(ab / aa, 1, 0.05);
  // Where there is next to no signal. Near a zero of H the mask brings in noise from beside it, in one of the two only.
  for (size_t s = 11; s <= 14; ++s) EXPECT_NEAR(noise[1][s] / noise[0][s], 1, 0.1) << s;
}

TEST(Weights, ParticlesOfAllGroupsAreAlignedToAMap) {
  Threads threads(2);
  for (const bool premultiplied : {false, true}) {
    Scene scene(12, 0.25, premultiplied);
    ExecContext context = scene.context(threads);
    ParticleStack stack = scene.stack(context);
    const Volume<float> truth = synthetic::render(scene.phantom, box, {});
    const auto found = align_to_map(stack, truth, scene.options, context);
    for (size_t i = 0; i < found.size(); ++i) {
      const Pose& pose = found[i].poses.front().pose;
      EXPECT_LT(angle_between(pose.particle_from_ref, scene.poses[i].particle_from_ref), 4 * degree) << i;
      EXPECT_LT((pose.shift_voxels - scene.poses[i].shift_voxels).norm(), 0.4) << i;
    }
  }
}

TEST(ParticleStack, BeyondItsMemoryGivesTheSameBits) {
  Threads threads(3);
  std::vector<AverageResult> results;
  std::vector<int> loads, resident;
  const double spectrum = 8.0 * box * box * (box / 2 + 1);
  for (const double memory : {1e300, 5.5 * spectrum, 0.0}) {
    Scene scene(10);
    ExecContext context = scene.context(threads);
    scene.options.iterations = 1;
    ParticleStack stack = scene.stack(context, memory);
    results.push_back(average_particles(stack, scene.options, context, nullptr));
    loads.push_back(scene.loads);
    resident.push_back(static_cast<int>(stack.resident()));
  }
  EXPECT_THAT(resident, ElementsAre(10, testing::AllOf(testing::Gt(0), testing::Le(5)), 0));
  EXPECT_EQ(loads[0], 10);
  EXPECT_GT(loads[1], loads[0]);
  EXPECT_GT(loads[2], loads[1]);
  for (size_t r = 1; r < results.size(); ++r) {
    const Volume<float>&first = results[0].maps[0].map, &other = results[r].maps[0].map;
    for (int64_t i = 0; i < first.size(); ++i) ASSERT_EQ(first[i], other[i]);
    for (size_t i = 0; i < 10; ++i)
      ASSERT_EQ(results[0].state.assignments[i].log_likelihood, results[r].state.assignments[i].log_likelihood);
  }
}

TEST(ParticleStack, NoticesFilesThatChangeDuringTheRun) {
  Threads threads(1);
  Scene scene(4);
  ExecContext context = scene.context(threads);
  bool changed = false;
  scene.source.load = [load = scene.source.load, &changed](int64_t i) {
    Volume<float> out = load(i);
    if (changed) out[100] += 1;
    return out;
  };
  const ParticleStack stack = scene.stack(context, 0);
  EXPECT_EQ(stack.particle(1)->shell_power, stack.shell_power(1));
  changed = true;
  EXPECT_THROW(stack.particle(1), IoError);
}

// Particle 2 is constant, particle 4 holds a NaN, particle 6 cannot be read.
Scene& with_unfit_particles(Scene& scene) {
  scene.source.load = [load = scene.source.load](int64_t i) {
    Volume<float> v = load(i);
    if (i == 1) v = Volume<float>(v.shape(), 3.0f);
    if (i == 3) v[17] = std::nanf("");
    if (i == 5) throw IoError("p6.mrc: cut short");
    return v;
  };
  return scene;
}

TEST(ParticleStack, UnfitParticlesAreNamedTogether) {
  Threads threads(2);
  Scene scene(8);
  ExecContext context = scene.context(threads);
  with_unfit_particles(scene);
  try {
    scene.stack(context);
    FAIL();
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("particle 2 is constant"));
    EXPECT_THAT(error.what(), HasSubstr("particle 4 holds NaN"));
    EXPECT_THAT(error.what(), HasSubstr("particle 6: p6.mrc: cut short"));
  }
  scene.source.count = 5;  // without the unreadable one
  EXPECT_THROW(scene.stack(context), UserError);
}

TEST(ParticleStack, SkippedParticlesLeaveTheOthersAsTheyAre) {
  Threads threads(2);
  Scene scene(8), sound(8);
  ExecContext context = scene.context(threads);
  const ParticleStack all = sound.stack(context);
  with_unfit_particles(scene);
  for (const double memory : {1e300, 2.5 * 8 * box * box * (box / 2 + 1)}) {
    scene.sink.warnings.clear();
    const ParticleStack stack = scene.stack(context, memory, true);
    EXPECT_THAT(stack.kept(), ElementsAre(0, 2, 4, 6, 7));
    ASSERT_EQ(stack.left_out().size(), 3u);
    EXPECT_TRUE(stack.left_out()[2].unreadable);
    for (const char* name : {"particle 2 is constant", "particle 4 holds NaN", "particle 6: p6.mrc"})
      EXPECT_THAT(scene.sink.warnings, HasSubstr(name));
    for (int64_t i = 0; i < stack.count(); ++i) {
      const int64_t from = stack.kept()[i];
      EXPECT_EQ(stack.group(i), all.group(from));
      const auto here = stack.particle(i), there = all.particle(from);
      ASSERT_TRUE(std::equal(here->spectrum.begin(), here->spectrum.end(), there->spectrum.begin())) << i;
    }
  }
  scene.source.load = [](int64_t) -> Volume<float> { throw IoError("gone"); };
  EXPECT_THROW(scene.stack(context, 1e300, true), IoError) << "nothing would be left";
}

TEST(ParticleStack, RepeatedParticlesAreToldAndAllAlikeRefused) {
  Threads threads(2);
  Scene scene(6);
  ExecContext context = scene.context(threads);
  const auto load = scene.source.load;
  scene.stack(context);
  EXPECT_EQ(scene.sink.warnings, "");
  scene.source.load = [load](int64_t i) { return load(i == 4 ? 1 : i); };
  scene.stack(context);
  EXPECT_THAT(scene.sink.warnings, HasSubstr("1 of 6 particles repeat"));
  EXPECT_THAT(scene.sink.warnings, HasSubstr("particle 2 and particle 5"));
  scene.source.load = [load](int64_t) { return load(0); };
  try {
    scene.stack(context);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("all 6 particles hold the same voxels"));
  }
  scene.source.count = 1;
  EXPECT_NO_THROW(scene.stack(context)) << "a single particle is no repetition";
}

// Of forty particles that are read again whenever they are needed, two have poses.
TEST(Accumulate, ReadsOnlyParticlesWithPoses) {
  Scene scene(40);
  Threads threads(2);
  ExecContext context = scene.context(threads);
  const ParticleStack streamed = scene.stack(context, 1);
  std::vector<std::vector<WeightedPose>> poses(40);
  for (const int64_t i : {9, 33}) poses[i] = {{scene.poses[i], 1.0}};
  scene.loads = 0;
  const auto sums = accumulate(streamed, poses, std::vector<int>(40), 1, 1, box / 2, context);
  EXPECT_EQ(scene.loads, 2);
  Accumulator expected(box);
  for (const int64_t i : {9, 33})
    expected.add(streamed.padded(i, box / 2), streamed.weight(i), scene.poses[i], 1, 0, box);
  for (int64_t i = 0; i < expected.numerator.size(); ++i)
    ASSERT_EQ(sums[0].folds[0].numerator.data()[i], expected.numerator.data()[i]);
}

}  // namespace
}  // namespace tessera
