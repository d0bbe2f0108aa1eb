// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/assignment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"

namespace tessera {
namespace {

double sum_of(const std::vector<int>& column_of, int64_t columns, const std::vector<double>& value) {
  double sum = 0;
  for (size_t r = 0; r < column_of.size(); ++r)
    if (column_of[r] >= 0) sum += value[static_cast<int64_t>(r) * columns + column_of[r]];
  return sum;
}

// Every way to give rows distinct columns; rows that get a place beyond the columns stay alone.
double best_by_permutations(int64_t rows, int64_t columns, const std::vector<double>& value) {
  std::vector<int> place(std::max(rows, columns));
  std::iota(place.begin(), place.end(), 0);
  double best = -1e300;
  do {
    double sum = 0;
    for (int64_t r = 0; r < rows; ++r)
      if (place[r] < columns) sum += value[r * columns + place[r]];
    best = std::max(best, sum);
  } while (std::next_permutation(place.begin(), place.end()));
  return best;
}

TEST(Assignment, IsTheBestOfAllPermutations) {
  Random random(1, "assignment");
  for (int trial = 0; trial < 60; ++trial) {
    const auto rows = static_cast<int64_t>(random.below(7)), columns = static_cast<int64_t>(1 + random.below(6));
    std::vector<double> value(rows * columns);
    // Whole numbers of a small range: many ties, and sums that are exact.
    for (double& v : value) v = static_cast<double>(random.below(12)) - 4;
    const auto found = best_assignment(rows, columns, value);
    ASSERT_EQ(static_cast<int64_t>(found.size()), rows);
    std::vector<int> used;
    for (const int c : found)
      if (c >= 0) used.push_back(c);
    EXPECT_EQ(static_cast<int64_t>(used.size()), std::min(rows, columns));
    std::sort(used.begin(), used.end());
    EXPECT_TRUE(std::adjacent_find(used.begin(), used.end()) == used.end());
    EXPECT_EQ(sum_of(found, columns, value), best_by_permutations(rows, columns, value)) << rows << " × " << columns;
  }
}

TEST(Assignment, FindsAHiddenPermutationOfManyRows) {
  Random random(2, "assignment");
  const int n = 200;
  std::vector<int> hidden(n);
  std::iota(hidden.begin(), hidden.end(), 0);
  for (int i = n - 1; i > 0; --i) std::swap(hidden[i], hidden[random.below(i + 1)]);
  std::vector<double> value(n * n);
  for (double& v : value) v = random.uniform();
  for (int i = 0; i < n; ++i) value[i * n + hidden[i]] += 2;  // more than any other choice could gain
  EXPECT_EQ(best_assignment(n, n, value), hidden);
}

TEST(Assignment, RefusesWhatItCannotCompare) {
  EXPECT_THROW(best_assignment(2, 2, std::vector<double>{1, 2, 3}), InternalError);
  EXPECT_THROW(best_assignment(1, 1, std::vector<double>{std::nan("")}), InternalError);
  EXPECT_TRUE(best_assignment(0, 3, {}).empty());
}

}  // namespace
}  // namespace tessera
