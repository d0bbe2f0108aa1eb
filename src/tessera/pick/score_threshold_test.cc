// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/score_threshold.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tessera/base/random.h"

namespace tessera {
namespace {

struct Kind {
  size_t count;
  double mean, deviation;
};

std::vector<float> scores_of(const std::vector<Kind>& kinds, uint64_t seed) {
  Random random(seed, "score threshold", 0);
  std::vector<float> out;
  for (const Kind& kind : kinds)
    for (size_t i = 0; i < kind.count; ++i)
      out.push_back(static_cast<float>(kind.mean + kind.deviation * random.normal()));
  return out;
}

constexpr Kind lost{400, 9.5, 1.8};

// Expected: the threshold splits the populations where their densities cross, which loses the fewest.
TEST(ScoreThreshold, PartsTwoPopulations) {
  for (uint64_t seed = 1; seed <= 5; ++seed)
    for (const size_t wanted : {30U, 150U, 600U}) {
      const ScoreThreshold parted =
          part_scores(scores_of({{200, 9.5, 1.8}, {wanted, 19, 2.4}}, seed), scores_of({lost}, 9));
      ASSERT_GT(parted.found.share, 0);
      EXPECT_NEAR(parted.clutter.mean, 9.5, 0.7);
      EXPECT_NEAR(parted.found.mean, 19, 1.5);
      EXPECT_NEAR(parted.found.share, static_cast<double>(wanted) / static_cast<double>(200 + wanted), 0.06);
      const auto density = [&](const Population& p) {
        return p.share / p.deviation * std::exp(-0.5 * std::pow((parted.threshold - p.mean) / p.deviation, 2));
      };
      EXPECT_NEAR(density(parted.clutter) / density(parted.found), 1, 1e-6);
    }
}

// Clutter that won nothing, or lies a deviation off the clutter that lost.
TEST(ScoreThreshold, AllThatWonMayBeWanted) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const ScoreThreshold all = part_scores(scores_of({{100, 18, 2.5}}, seed), scores_of({lost}, 9));
    EXPECT_GT(all.found.share, 0.95);
    EXPECT_LT(all.threshold, 13) << "two deviations below their mean";
    const ScoreThreshold shifted =
        part_scores(scores_of({{200, 10.8, 1.6}, {100, 18, 2.5}}, seed), scores_of({lost}, 9));
    EXPECT_NEAR(shifted.threshold, 14, 1.2);
  }
}

TEST(ScoreThreshold, ClutterAloneIsNotParted) {
  int parted = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const ScoreThreshold same = part_scores(scores_of({{300, 9.5, 1.8}}, seed), scores_of({lost}, 100 + seed));
    const ScoreThreshold higher = part_scores(scores_of({{300, 10.5, 1.8}}, seed), scores_of({lost}, 100 + seed));
    parted += (same.found.share > 0) + (higher.found.share > 0);
    if (same.found.share == 0) {
      EXPECT_NEAR(same.threshold, 9.5 + 3.5 * 1.8, 1.2);
    }
  }
  EXPECT_LE(parted, 2);  // of 40
}

// Without places lost the lower half of those won must do.
TEST(ScoreThreshold, NothingLost) {
  const ScoreThreshold parted = part_scores(scores_of({{200, 9.5, 1.8}, {60, 19, 2.4}}, 3), {});
  EXPECT_GT(parted.found.share, 0);
  EXPECT_NEAR(parted.threshold, 14, 1);
}

TEST(ScoreThreshold, TooFewOrEqualScores) {
  EXPECT_EQ(part_scores({}, {}).threshold, 0);
  EXPECT_EQ(part_scores(std::vector<float>{1, 1, 1, 50, 50}, {}).threshold, 0);
  const ScoreThreshold same = part_scores(std::vector<float>(50, 3.0F), {});
  EXPECT_EQ(same.found.share, 0);
  EXPECT_EQ(same.threshold, 3);
  const ScoreThreshold none = part_scores({}, scores_of({lost}, 1));
  EXPECT_NEAR(none.threshold, 9.5 + 3.5 * 1.8, 1.2);
}

}  // namespace
}  // namespace tessera
