// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/hit_chance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tessera/base/random.h"

namespace tessera {
namespace {

struct Drawn {
  std::vector<float> heights;
  std::vector<uint8_t> hits;
};

Drawn drawn(const HitChance& truth, int count, uint64_t seed) {
  Random random(seed, "hit chance");
  Drawn out;
  for (int i = 0; i < count; ++i) {
    out.heights.push_back(static_cast<float>(random.uniform(0.02, 0.98)));
    out.hits.push_back(random.uniform(0, 1) < truth.of(out.heights.back()));
  }
  return out;
}

TEST(HitChance, IsFoundFromHits) {
  const HitChance truth{-0.5, 1.7};
  const Drawn data = drawn(truth, 20000, 1);
  const HitChance found = fit_hit_chance(data.heights, data.hits);
  EXPECT_NEAR(found.offset, truth.offset, 0.08);
  EXPECT_NEAR(found.slope, truth.slope, 0.08);
}

// At the fit the gradient of the likelihood is nothing: expected and observed hits agree, and so do they by odds.
TEST(HitChance, AgreesWithTheHitsInSum) {
  const Drawn data = drawn({1, 0.4}, 500, 2);
  const HitChance found = fit_hit_chance(data.heights, data.hits);
  const auto right = static_cast<double>(std::count(data.hits.begin(), data.hits.end(), 1));
  const double hit = (right + 1) / (right + 2), miss = 1 / (500 - right + 2);
  double sum = 0, by_odds = 0;
  for (size_t i = 0; i < data.heights.size(); ++i) {
    const double error = found.of(data.heights[i]) - (data.hits[i] ? hit : miss), h = data.heights[i];
    sum += error;
    by_odds += error * std::log(h / (1 - h));
  }
  EXPECT_NEAR(sum, 0, 1e-3);
  EXPECT_NEAR(by_odds, 0, 1e-3);
}

TEST(HitChance, ExistsWhereAllOrNoneAreHitsAndForOnePeak) {
  const std::vector<float> heights = {0.1f, 0.5f, 0.9f};
  for (const uint8_t hit : {0, 1}) {
    const HitChance found = fit_hit_chance(heights, std::vector<uint8_t>(3, hit));
    for (const float height : heights) EXPECT_NEAR(found.of(height), hit ? 4.0 / 5 : 1.0 / 5, 1e-3);
    EXPECT_NEAR(found.share, hit ? 4.0 / 5 : 1.0 / 5, 1e-9);
    EXPECT_EQ(chance_among(heights, found).offset, found.offset);
  }
  EXPECT_GT(fit_hit_chance(std::vector<float>{0.7f}, std::vector<uint8_t>{1}).of(0.7), 0.5);
  // Parted by their heights: finite, and in the right order.
  const HitChance parted = fit_hit_chance(heights, std::vector<uint8_t>{0, 0, 1});
  EXPECT_TRUE(std::isfinite(parted.slope));
  EXPECT_GT(parted.of(0.9), parted.of(0.5));
}

// Hits and misses of two distributions of heights: from as many of both, what is learnt holds for any share after it
// was brought there.
Drawn mixed(int hits, int misses, uint64_t seed) {
  Random random(seed, "hit share");
  Drawn out;
  for (int i = 0; i < hits + misses; ++i) {
    const double z = random.normal() + (i < hits ? 0.8 : -0.8);
    out.heights.push_back(static_cast<float>(1 / (1 + std::exp(-z))));
    out.hits.push_back(i < hits);
  }
  return out;
}

TEST(HitShare, IsFoundFromHeightsAlone) {
  const Drawn learnt = mixed(4000, 4000, 1);
  const HitChance chance = fit_hit_chance(learnt.heights, learnt.hits);
  EXPECT_NEAR(chance.share, 0.5, 1e-9);
  EXPECT_NEAR(hit_share(learnt.heights, chance), 0.5, 0.001);
  for (const int hits : {0, 20, 200, 1000, 1900}) {
    const Drawn other = mixed(hits, 2000 - hits, 2);
    EXPECT_NEAR(hit_share(other.heights, chance), hits / 2000.0, 0.04) << hits;
  }
  EXPECT_LT(hit_share({}, chance), 1e-5);
}

TEST(HitShare, MovesTheChanceOnlyWhereHitsAreFew) {
  const Drawn learnt = mixed(4000, 4000, 3);
  const HitChance chance = fit_hit_chance(learnt.heights, learnt.hits);
  const Drawn many = mixed(800, 1200, 4), few = mixed(60, 1940, 5);
  EXPECT_EQ(chance_among(many.heights, chance).offset, chance.offset);
  const HitChance moved = chance_among(few.heights, chance);
  EXPECT_LT(moved.offset, chance.offset - 2);
  double expected = 0, as_learnt = 0;
  for (const float height : few.heights) expected += moved.of(height), as_learnt += chance.of(height);
  EXPECT_NEAR(expected, 60, 40) << "in truth";
  EXPECT_GT(as_learnt, 300);
  EXPECT_LT(moved.share, 0.06);
  EXPECT_EQ(chance_among(std::vector<float>(2, 0.3f), chance).offset, chance.offset) << "two peaks say little";
  EXPECT_LT(hit_share(std::vector<float>(2, 0.3f), chance), 0.05);
  EXPECT_EQ(chance_among({}, chance).offset, chance.offset);
}

// Against every subset of twelve peaks: none has a greater expected F1 than the best so many.
TEST(ExpectedF1, IsTheGreatestOfAllSubsets) {
  const HitChance chance{0.2, 1.3};
  for (uint64_t seed = 1; seed < 6; ++seed) {
    const std::vector<float> heights = drawn(chance, 12, seed).heights;
    double all = 0, best = 0;
    for (const float h : heights) all += chance.of(h);
    for (unsigned subset = 1; subset < 4096; ++subset) {
      double sum = 0, count = 0;
      for (size_t i = 0; i < 12; ++i)
        if (subset >> i & 1) sum += chance.of(heights[i]), count += 1;
      best = std::max(best, 2 * sum / (count + all));
    }
    const ExpectedF1 found = best_expected_f1(heights, chance, 0);
    EXPECT_NEAR(found.f1, best, 1e-12);
    double taken = 0, count = 0;
    for (const float h : heights)
      if (h >= found.threshold) taken += chance.of(h), count += 1;
    EXPECT_NEAR(2 * taken / (count + all), best, 1e-12);
    // Half the F1 is the chance at the threshold: what is taken has more, what is left less.
    for (const float h : heights) EXPECT_EQ(h >= found.threshold, chance.of(h) >= found.f1 / 2) << h;
  }
}

// On data of that chance the threshold is nearly as good as the best one that knows the hits.
TEST(ExpectedF1, IsNearlyReachedOnNewData) {
  const HitChance truth{-1, 2};
  const Drawn learnt = drawn(truth, 4000, 7), other = drawn(truth, 4000, 8);
  const ExpectedF1 chosen = best_expected_f1(other.heights, fit_hit_chance(learnt.heights, learnt.hits));
  const auto f1 = [&](double threshold) {
    double hits = 0, picks = 0, right = 0;
    for (size_t i = 0; i < other.heights.size(); ++i) {
      right += other.hits[i];
      if (other.heights[i] >= threshold) hits += other.hits[i], picks += 1;
    }
    return 2 * hits / (picks + right);
  };
  double best = 0;
  for (double threshold = 0.02; threshold < 0.98; threshold += 0.005) best = std::max(best, f1(threshold));
  EXPECT_GT(f1(chosen.threshold), best - 0.01);
  EXPECT_NEAR(f1(chosen.threshold), chosen.f1, 0.03);
}

TEST(ExpectedF1, OfNoiseIsNothing) {
  const HitChance chance{-3, 1};
  const std::vector<float> low(1000, 0.1f);
  const ExpectedF1 found = best_expected_f1(low, chance);
  EXPECT_EQ(found.f1, 0);
  EXPECT_EQ(found.threshold, 1);
  EXPECT_EQ(best_expected_f1({}, chance).threshold, 1);
}

}  // namespace
}  // namespace tessera
