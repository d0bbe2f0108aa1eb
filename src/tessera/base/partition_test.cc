// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/partition.h"

#include <gtest/gtest.h>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"

namespace tessera {
namespace {

std::vector<int> random_labels(Random& random, int count, int classes) {
  std::vector<int> out(count);
  for (int& label : out) label = static_cast<int>(random.below(classes)) * 3 - 4;
  return out;
}

// The index from its definition: pairs of things that are together in both, in one, in the other.
double over_all_pairs(const std::vector<int>& a, const std::vector<int>& b) {
  double both = 0, first = 0, second = 0, all = 0;
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      const bool in_a = a[i] == a[j], in_b = b[i] == b[j];
      both += in_a && in_b;
      first += in_a;
      second += in_b;
      ++all;
    }
  const double expected = first * second / all;
  return (both - expected) / (0.5 * (first + second) - expected);
}

TEST(Partition, IndexCountsPairs) {
  Random random(3, "partition");
  for (int trial = 0; trial < 30; ++trial) {
    const int count = 20 + static_cast<int>(random.below(40));
    const auto a = random_labels(random, count, 2 + static_cast<int>(random.below(4)));
    auto b = random_labels(random, count, 2 + static_cast<int>(random.below(4)));
    for (int i = 0; i < count; ++i)
      if (random.below(2) == 0) b[i] = a[i];
    EXPECT_NEAR(adjusted_rand_index(a, b), over_all_pairs(a, b), 1e-12);
    EXPECT_NEAR(adjusted_rand_index(b, a), adjusted_rand_index(a, b), 1e-12);
  }
}

TEST(Partition, NamesOfClassesDoNotMatter) {
  const std::vector<int> a = {1, 1, 2, 2, 3, 3, 3}, renamed = {7, 7, -1, -1, 0, 0, 0};
  EXPECT_DOUBLE_EQ(adjusted_rand_index(a, renamed), 1);
}

TEST(Partition, RandomDivisionsAgreeByChanceAlone) {
  Random random(4, "partition");
  double sum = 0;
  const int trials = 200;
  for (int trial = 0; trial < trials; ++trial)
    sum += adjusted_rand_index(random_labels(random, 100, 3), random_labels(random, 100, 3));
  EXPECT_NEAR(sum / trials, 0, 0.005);  // one index has a spread of about 0.012, the mean of 200 of 0.001
}

TEST(Partition, TrivialDivisions) {
  const std::vector<int> one = {5, 5, 5, 5}, alone = {1, 2, 3, 4}, halves = {1, 1, 2, 2};
  EXPECT_DOUBLE_EQ(adjusted_rand_index(one, one), 1);
  EXPECT_DOUBLE_EQ(adjusted_rand_index(alone, alone), 1);
  EXPECT_DOUBLE_EQ(adjusted_rand_index(one, alone), 0);
  EXPECT_DOUBLE_EQ(adjusted_rand_index(one, halves), 0);
  EXPECT_DOUBLE_EQ(adjusted_rand_index(std::vector<int>{}, std::vector<int>{}), 1);
  EXPECT_DOUBLE_EQ(adjusted_rand_index(std::vector<int>{4}, std::vector<int>{9}), 1);
}

TEST(Partition, TableHoldsEveryThingOnce) {
  const std::vector<int> a = {2, 2, 1, 2, 9}, b = {0, 5, 5, 0, 5};
  const ContingencyTable table = cross_tabulate(a, b);
  EXPECT_EQ(table.row_labels, (std::vector<int>{1, 2, 9}));
  EXPECT_EQ(table.column_labels, (std::vector<int>{0, 5}));
  EXPECT_EQ(table.counts, (std::vector<int64_t>{0, 1, 2, 1, 0, 1}));
  EXPECT_EQ(table.row_sum(1), 3);
  EXPECT_EQ(table.column_sum(1), 3);
  EXPECT_EQ(table.total(), 5);
  EXPECT_THROW(cross_tabulate(a, std::vector<int>{1}), InternalError);
}

}  // namespace
}  // namespace tessera
