// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/class_split.h"

#include <gtest/gtest.h>

#include <array>

#include "tessera/average/judged_maps.h"
#include "tessera/average/start.h"
#include "tests/support/synthetic_particles.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

// Eighteen particles of each of three phantoms, by turns.
struct ThreeKinds {
  static constexpr int64_t box = 20;
  static constexpr int count = 54, folds = 4;

  ThreeKinds() {
    source.count = count;
    source.box = box;
    source.voxel_size_A = 10;
    source.weights.push_back(FourierWeight::from_volume(synthetic::wedge(box, 60)));
    source.load = [this](int64_t i) {
      return synthetic::particle(kinds[i % 3], box, synthetic::random_pose(1, static_cast<int>(i), 0.5),
                                 source.weights[0], 0.3, 1, static_cast<uint64_t>(i));
    };
    options.classes = 3;
    options.align.max_shift_voxels = 1;
    options.align.max_bandwidth = 10;
    options.starts = 2;
  }

  // class_of_kind: in which class a kind is.
  std::optional<ClassSplit> split(const std::array<int, 3>& class_of_kind, int threads = 2) {
    test::Workers workers(threads);
    ParticleStack stack(source, stack_mask_radius(box, 10, options), workers.context);
    ReferenceSet references(stack, options);
    AverageState state = fresh_state(stack, options, 7);
    state.assignments.resize(count);
    for (int i = 0; i < count; ++i) state.assignments[i].poses = {{{}, 1, class_of_kind[i % 3]}};
    log = {};
    return best_split({stack, options, fold_of, folds, 7, log}, state, references, workers.context);
  }

  synthetic::Phantom kinds[3] = {synthetic::make_phantom(6, 12, 31, 1.6), synthetic::make_phantom(6, 12, 77, 1.6),
                                 synthetic::make_phantom(6, 12, 5, 1.6)};
  ParticleSource source;
  AverageOptions options;
  std::vector<int> fold_of = [] {
    std::vector<int> out;
    for (int i = 0; i < count; ++i) out.push_back((i / 3) % folds);
    return out;
  }();
  StartLog log;
};

TEST(ClassSplit, FindsTheClassThatIsTwoAndParticlesOfEachOnAnyNumberOfThreads) {
  ThreeKinds scene;
  const auto split = scene.split({0, 2, 2});
  ASSERT_TRUE(split);
  EXPECT_EQ(split->from, 2);
  EXPECT_GT(split->agreement, least_agreement);
  EXPECT_EQ(split->members.size(), 36u);
  int apart = 0;
  for (const int64_t i : split->members)
    apart += (split->assignments[i].poses.front().class_index == 0) == (i % 3 == 1);
  EXPECT_GE(std::max(apart, 36 - apart), 33) << "of 36";
  EXPECT_EQ(scene.log.passes().size(), 2u * 2 * 4) << "two classes have enough particles, two starts each";
  const auto again = scene.split({0, 2, 2}, 1);
  ASSERT_TRUE(again);
  for (const int64_t i : split->members)
    EXPECT_EQ(split->assignments[i].poses.front().log_likelihood, again->assignments[i].poses.front().log_likelihood);
}

TEST(ClassSplit, LeavesOneStructureWhole) {
  ThreeKinds scene;
  EXPECT_FALSE(scene.split({0, 1, 2}));
}

}  // namespace
}  // namespace tessera
