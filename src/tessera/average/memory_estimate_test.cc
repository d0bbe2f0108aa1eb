// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/memory_estimate.h"

#include <gtest/gtest.h>

#include "tessera/average/grid_expectation.h"

namespace tessera {
namespace {

TEST(MemoryEstimate, FewParticlesHaveNoMoreFoldsThanThereAre) {
  AverageOptions options;
  const double few = estimate_memory({64, 3, 1, 2, 6}, options).references;
  const double many = estimate_memory({64, 100, 1, 2, 6}, options).references;
  EXPECT_NEAR(many / few, 8.0 / 3, 1e-9);
}

TEST(MemoryEstimate, TheMarginalStartCountsItsTables) {
  AverageOptions options;
  const MemoryRequest request{64, 1000, 1, 2, 6};
  options.start = "particles";
  EXPECT_EQ(estimate_memory(request, options).start, 0);
  options.start = "marginal";
  options.start_particles = 100;
  const double start = estimate_memory(request, options).start;
  // A hundred particles with numerators and weights at two resolutions, and what comes with it.
  EXPECT_GT(start, 50e6);
  EXPECT_LT(start, 2e9);
  options.start_particles = 200;
  EXPECT_GT(estimate_memory(request, options).start, 1.1 * start);
  options.classes = 2;
  EXPECT_GT(estimate_memory(request, options).start, 1.8 * start);
  EXPECT_GE(estimate_memory(request, options).fixed(), estimate_memory(request, options).start);
}

TEST(MemoryEstimate, EveryPoseOfAGridTakesRoomForEachThreadAndReference) {
  AverageOptions options;
  options.classes = 2;
  MemoryRequest request{64, 1000, 1, 2, 6};
  const auto estimate = [&](bool all_poses) {
    options.model.all_poses = all_poses;
    return estimate_memory(request, options);
  };
  const auto more = [&] {
    const MemoryEstimate with = estimate(true), without = estimate(false);
    return with.references + with.workspaces - without.references - without.workspaces;
  };
  const double two_threads = more();
  EXPECT_GT(two_threads, 2 * PoseGrid::posterior_bytes + 16 * 8 * 4 * 64000);
  EXPECT_LT(two_threads, 1.2e9);
  request.threads = 3;
  EXPECT_NEAR(more() - two_threads, PoseGrid::posterior_bytes, 1);
  options.classes = 1;
  EXPECT_EQ(estimate(true).references, estimate(false).references);
  EXPECT_EQ(estimate(true).workspaces, estimate(false).workspaces);
}

TEST(MemoryEstimate, TheEndOfAClassTakesWhatAStartOfItAloneDoes) {
  AverageOptions one, two;
  two.classes = 2;
  const MemoryRequest request{64, 1000, 1, 2, 6};
  EXPECT_EQ(estimate_memory(request, one).class_ends, 0);
  const MemoryEstimate with = estimate_memory(request, two);
  EXPECT_EQ(with.class_ends, estimate_memory(request, one).start);
  EXPECT_GE(with.fixed(), with.sums + with.class_ends);
  two.model.class_ends = false;
  EXPECT_EQ(estimate_memory(request, two).class_ends, 0);
}

TEST(MemoryEstimate, SeveralRanksNeedRoomForSumsThatTravel) {
  AverageOptions options;
  options.start = "particles";
  const MemoryRequest one{64, 1000, 1, 2, 6};
  MemoryRequest several = one;
  several.ranks = 2;
  const double of_block = 8.0 * 12 * 64 * 64 * 33;  // eight folds
  EXPECT_NEAR(estimate_memory(several, options).sums - estimate_memory(one, options).sums, 4 * of_block,
              0.01 * of_block);
}

}  // namespace
}  // namespace tessera
