// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/particle_start.h"

#include <gtest/gtest.h>

#include "tessera/average/judged_maps.h"
#include "tessera/average/start.h"
#include "tests/support/synthetic_particles.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

// Eight noisy particles of each of two phantoms, by turns.
struct TwoKinds {
  static constexpr int64_t box = 20;
  static constexpr int count = 16;

  TwoKinds() {
    source.count = count;
    source.box = box;
    source.voxel_size_A = 10;
    source.weights.push_back(FourierWeight::from_volume(synthetic::wedge(box, 60)));
    source.load = [this](int64_t i) {
      return synthetic::particle(kinds[i % 2], box, synthetic::random_pose(1, static_cast<int>(i), 1),
                                 source.weights[0], 0.15, 1, static_cast<int>(i));
    };
    options.classes = 2;
    options.align.max_shift_voxels = 2;
    options.starts = 1;
    options.start_iterations = options.class_start_iterations = 1;
  }
  AverageState start(int class_starts) {
    options.class_starts = class_starts;
    test::Workers workers(2);
    ParticleStack stack(source, stack_mask_radius(box, 10, options), workers.context);
    ReferenceSet references(stack, options);
    log = {};
    return particle_start({stack, options, fold_of, 2, 7, log}, fresh_state(stack, options, 7), references,
                          workers.context);
  }

  synthetic::Phantom kinds[2] = {synthetic::make_phantom(5, 30, 31, 1.6), synthetic::make_phantom(5, 30, 77, 1.6)};
  ParticleSource source;
  AverageOptions options;
  std::vector<int> fold_of = std::vector<int>(count, 0);
  StartLog log;
};

std::vector<double> squared_correlations(const AverageState& state) {
  std::vector<double> out(2);
  for (const Assignment& a : state.assignments)
    out[a.poses.front().class_index] += a.correlation * std::max(0.0, a.correlation);
  return out;
}

TEST(ParticleStart, ClassesBegunAgainKeepTheirParticlesAndNeverCorrelateWorse) {
  TwoKinds scene;
  const AverageState common = scene.start(0), again = scene.start(4);
  int begun = 0;
  for (int k = 0; k < 2; ++k) {
    const double before = squared_correlations(common)[k], after = squared_correlations(again)[k];
    EXPECT_GE(after, before) << "class " << k;
    begun += after > before;
    for (int i = 0; i < TwoKinds::count; ++i) {
      if (common.assignments[i].poses.front().class_index != k) continue;
      const Assignment& now = again.assignments[i];
      EXPECT_EQ(now.poses.front().class_index, k);
      double sum = 0;
      for (const WeightedPose& p : now.poses) sum += p.probability;
      EXPECT_NEAR(sum, 1, 1e-9);
      if (after > before) {
        for (const WeightedPose& p : now.poses) EXPECT_EQ(p.class_index, k) << "a pose in a frame that is gone";
      }
      if (after == before) {
        EXPECT_EQ(now.correlation, common.assignments[i].correlation);
      }
    }
  }
  EXPECT_GT(begun, 0) << "four more starts found nothing better than one";
}

TEST(ParticleStart, EveryPassOverTheParticlesIsLogged) {
  TwoKinds scene;
  scene.options.starts = 3;
  scene.start(0);
  ASSERT_EQ(scene.log.passes().size(), 3u * 2);  // against a particle, and once more
  for (const StartPass& pass : scene.log.passes()) {
    EXPECT_EQ(pass.particles, TwoKinds::count);
    EXPECT_EQ(pass.classes, 2);
    EXPECT_GT(pass.band_limit, 0);
  }
}

}  // namespace
}  // namespace tessera
