// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/random.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>

#include "tessera/base/errors.h"
#include "tests/reference/distribution.h"

namespace tessera {
namespace {

using Block = std::array<uint32_t, 4>;
constexpr int kDraws = 200000;

template <typename Draw>
std::vector<double> draws(int count, Draw&& draw) {
  std::vector<double> out(count);
  for (double& value : out) value = static_cast<double>(draw());
  return out;
}

// kat_vectors of Random123 1.14 (Salmon et al. 2011), lines "philox4x32 10".
TEST(Philox, PublishedVectors) {
  EXPECT_EQ(Random::philox({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Random::philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Random::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// Every input bit turns over about half of the 128 output bits: binomial(128, ½) has deviation 5.7, the mean over 192
// input bits 0.41; 5 deviations.
TEST(Philox, EveryInputBitReachesHalfOfTheOutput) {
  const Block counter{1, 2, 3, 4};
  const std::array<uint32_t, 2> key{5, 6};
  const Block before = Random::philox(counter, key);
  double changed = 0;
  for (int bit = 0; bit < 192; ++bit) {
    Block c = counter;
    std::array<uint32_t, 2> k = key;
    (bit < 128 ? c[bit / 32] : k[(bit - 128) / 32]) ^= 1u << (bit % 32);
    const Block after = Random::philox(c, k);
    int here = 0;
    for (int word = 0; word < 4; ++word) here += std::popcount(before[word] ^ after[word]);
    EXPECT_GT(here, 30) << bit;
    EXPECT_LT(here, 98) << bit;
    changed += here;
  }
  EXPECT_NEAR(changed / 192, 64, 5 * 0.41);
}

TEST(Random, AStreamIsItsSeedStageAndItemAlone) {
  Random first(7, "poses", 3), other(7, "poses", 4);
  std::vector<uint32_t> alone, between;
  for (int i = 0; i < 100; ++i) alone.push_back(first.bits());
  Random again(7, "poses", 3);
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j < i % 7; ++j) other.bits();
    between.push_back(again.bits());
  }
  EXPECT_EQ(alone, between);
}

// 3 seeds × 3 stages × 100 items × 20 draws of 64 bits: a repeat has probability 2e-9.
TEST(Random, NoTwoStreamsShareAValue) {
  std::set<uint64_t> seen;
  int drawn = 0;
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 63})
    for (const char* stage : {"", "noise", "noisf"})
      for (uint64_t item = 0; item < 100; ++item) {
        Random random(seed, stage, item << (item % 2 ? 32 : 0));
        for (int i = 0; i < 20; ++i, ++drawn) {
          const uint64_t high = random.bits();
          seen.insert(high << 32 | random.bits());
        }
      }
  EXPECT_EQ(seen.size(), static_cast<size_t>(drawn));
}

TEST(Random, StreamsOfNeighboursAreUncorrelated) {
  const auto stream = [](uint64_t seed, const char* stage, uint64_t item) {
    Random random(seed, stage, item);
    return draws(kDraws, [&] { return random.uniform(); });
  };
  const auto base = stream(1, "noise", 0);
  const double tolerance = 5 / std::sqrt(kDraws);  // five deviations of a correlation of independent series
  EXPECT_NEAR(reference::series_correlation(base, stream(1, "noise", 1)), 0, tolerance);
  EXPECT_NEAR(reference::series_correlation(base, stream(2, "noise", 0)), 0, tolerance);
  EXPECT_NEAR(reference::series_correlation(base, stream(1, "poses", 0)), 0, tolerance);
  const std::vector<double> early(base.begin(), base.end() - 1), late(base.begin() + 1, base.end());
  EXPECT_NEAR(reference::series_correlation(early, late), 0, tolerance);
}

TEST(Random, UniformIsUniform) {
  Random random(11, "uniform");
  const auto values = draws(kDraws, [&] { return random.uniform(); });
  for (const double v : values) ASSERT_TRUE(v >= 0 && v < 1);
  EXPECT_LT(reference::kolmogorov(values, [](double v) { return v; }), 2.5);
  std::vector<double> counts(256), expected(256, kDraws / 256.0), low_bits(256);
  for (const double v : values) {
    ++counts[static_cast<int>(v * 256)];
    ++low_bits[static_cast<uint64_t>(v * 0x1.0p53) & 255];  // all 53 bits are random, the last eight too
  }
  EXPECT_LT(std::abs(reference::chi_square_deviation(counts, expected)), 5);
  EXPECT_LT(std::abs(reference::chi_square_deviation(low_bits, expected)), 5);
}

TEST(Random, UniformNeverReachesItsUpperEnd) {
  Random random(12, "range");
  const double next = std::nextafter(1.0, 2.0);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(random.uniform(1, next), 1);  // the only number of [1, next)
    const double wide = random.uniform(-5, 3);
    ASSERT_TRUE(wide >= -5 && wide < 3);
    ASSERT_EQ(random.uniform(2, 2), 2);
  }
}

// Moments of N(0, 1): means 0, 1, 0, 3 of the powers, variances 1, 2, 15, 96; five deviations each.
TEST(Random, NormalHasItsMomentsAndItsLaw) {
  Random random(13, "normal");
  const auto values = draws(kDraws, [&] { return random.normal(); });
  const double variances[] = {1, 2, 15, 96}, means[] = {0, 1, 0, 3};
  for (int power = 1; power <= 4; ++power)
    EXPECT_NEAR(reference::moment(values, 0, power), means[power - 1], 5 * std::sqrt(variances[power - 1] / kDraws));
  EXPECT_LT(reference::kolmogorov(values, [](double v) { return 0.5 * std::erfc(-v / std::sqrt(2.0)); }), 2.5);
}

TEST(Random, BothNormalsOfAPairAreIndependent) {
  Random random(14, "pairs");
  std::vector<double> first, second, first_square, second_square;
  for (int i = 0; i < kDraws / 2; ++i) {
    first.push_back(random.normal());
    second.push_back(random.normal());
    first_square.push_back(first.back() * first.back());
    second_square.push_back(second.back() * second.back());
  }
  const double tolerance = 5 / std::sqrt(kDraws / 2);
  EXPECT_NEAR(reference::series_correlation(first, second), 0, tolerance);
  EXPECT_NEAR(reference::series_correlation(first_square, second_square), 0, tolerance);
}

TEST(Random, BelowIsUnbiased) {
  Random random(15, "below");
  for (const uint64_t bound : {uint64_t{2}, uint64_t{7}, uint64_t{100}}) {
    std::vector<double> counts(bound), expected(bound, kDraws / static_cast<double>(bound));
    for (int i = 0; i < kDraws; ++i) ++counts.at(random.below(bound));
    EXPECT_LT(std::abs(reference::chi_square_deviation(counts, expected)), 5) << bound;
  }
  // A plain modulo would draw the lowest third of this bound twice as often.
  const uint64_t huge = 3ull << 62;
  std::vector<double> thirds(3), expected(3, kDraws / 3.0);
  for (int i = 0; i < kDraws; ++i) ++thirds.at(random.below(huge) / (1ull << 62));
  EXPECT_LT(std::abs(reference::chi_square_deviation(thirds, expected)), 5);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(random.below(1), 0u);
  EXPECT_THROW(random.below(0), InternalError);
}

// Mean and variance are both λ; the variance of the sample variance is (λ + 2λ²)/n. Both methods (below and above 30).
TEST(Random, PoissonHasItsMomentsAndItsLaw) {
  Random random(16, "poisson");
  const int count = 50000;
  for (const double rate : {0.3, 5.0, 29.9, 30.0, 100.0, 1e4}) {
    const auto values = draws(count, [&] { return random.poisson(rate); });
    EXPECT_NEAR(reference::mean(values), rate, 5 * std::sqrt(rate / count)) << rate;
    EXPECT_NEAR(reference::moment(values, rate, 2), rate, 5 * std::sqrt((rate + 2 * rate * rate) / count)) << rate;
    if (rate > 100) continue;
    // Cells: every value within 2.5 deviations of the mean, and all others together.
    const auto low = static_cast<int>(std::max(0.0, std::floor(rate - 2.5 * std::sqrt(rate))));
    const auto high = static_cast<int>(std::ceil(rate + 2.5 * std::sqrt(rate)));
    std::vector<double> counts(high - low + 2), expected(high - low + 2);
    expected.back() = count;
    for (int k = low; k <= high; ++k) {
      expected[k - low] = count * std::exp(k * std::log(rate) - rate - std::lgamma(k + 1.0));
      expected.back() -= expected[k - low];
    }
    for (const double v : values) ++counts[v >= low && v <= high ? static_cast<int>(v) - low : high - low + 1];
    EXPECT_LT(std::abs(reference::chi_square_deviation(counts, expected)), 5) << rate;
  }
}

TEST(Random, PoissonOfNothingAndOfNonsense) {
  Random random(17, "poisson");
  EXPECT_EQ(random.poisson(0), 0u);
  EXPECT_EQ(random.poisson(-1), 0u);
  EXPECT_THROW(random.poisson(std::numeric_limits<double>::quiet_NaN()), InternalError);
  EXPECT_THROW(random.poisson(std::numeric_limits<double>::infinity()), InternalError);
}

}  // namespace
}  // namespace tessera
