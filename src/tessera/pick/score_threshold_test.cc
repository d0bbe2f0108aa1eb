// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/score_threshold.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tessera/base/random.h"

namespace tessera {
namespace {

std::vector<float> normal_scores(size_t low, size_t high, double low_mean, double high_mean, uint64_t seed) {
  Random random(seed, "score threshold", 0);
  std::vector<float> out;
  for (size_t i = 0; i < low; ++i) out.push_back(static_cast<float>(low_mean + 1.8 * random.normal()));
  for (size_t i = 0; i < high; ++i) out.push_back(static_cast<float>(high_mean + 2.4 * random.normal()));
  return out;
}

// Expected: the threshold splits two normal populations where their densities cross, which loses the fewest.
TEST(ScoreThreshold, PartsTwoPopulations) {
  for (uint64_t seed = 1; seed <= 5; ++seed)
    for (const size_t high : {30U, 150U, 600U}) {
      const auto scores = normal_scores(200, high, 9.5, 19, seed);
      const TwoPopulations parted = part_scores(scores);
      ASSERT_TRUE(parted.two);
      EXPECT_NEAR(parted.low_mean, 9.5, 0.7);
      EXPECT_NEAR(parted.high_mean, 19, 1.5);
      EXPECT_NEAR(parted.high_share, static_cast<double>(high) / static_cast<double>(200 + high), 0.06);
      const auto density = [&](double x, double mean, double deviation, double share) {
        return share / deviation * std::exp(-0.5 * std::pow((x - mean) / deviation, 2));
      };
      EXPECT_NEAR(density(parted.threshold, parted.low_mean, parted.low_deviation, 1 - parted.high_share) /
                      density(parted.threshold, parted.high_mean, parted.high_deviation, parted.high_share),
                  1, 1e-6);
    }
}

TEST(ScoreThreshold, OnePopulationIsNotParted) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const auto scores = normal_scores(400, 0, 9.5, 0, seed);
    const TwoPopulations parted = part_scores(scores);
    EXPECT_FALSE(parted.two) << seed;
    EXPECT_NEAR(parted.threshold, 9.5 + 4 * 1.8, 1);
  }
}

TEST(ScoreThreshold, FewOrEqualScoresAreOnePopulation) {
  EXPECT_FALSE(part_scores({}).two);
  EXPECT_FALSE(part_scores(std::vector<float>{1, 1, 1, 50, 50}).two);
  const TwoPopulations same = part_scores(std::vector<float>(50, 3.0F));
  EXPECT_FALSE(same.two);
  EXPECT_EQ(same.threshold, 3);
}

}  // namespace
}  // namespace tessera
