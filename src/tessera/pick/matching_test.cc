// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/matching.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tessera/base/assignment.h"
#include "tessera/base/random.h"

namespace tessera {
namespace {

using Pairs = std::vector<std::vector<PossiblePair>>;

// Points of two kinds in a cube; pairs within `reach`.
Pairs random_pairs(int rows, int columns, double edge, double reach, uint64_t seed) {
  Random random(seed, "points");
  std::vector<std::array<double, 3>> at(columns);
  for (auto& p : at)
    for (double& v : p) v = random.uniform(0, edge);
  Pairs out(rows);
  for (auto& row : out) {
    const std::array<double, 3> p = {random.uniform(0, edge), random.uniform(0, edge), random.uniform(0, edge)};
    for (int c = 0; c < columns; ++c) {
      const double d = std::hypot(p[0] - at[c][0], p[1] - at[c][1], p[2] - at[c][2]);
      if (d <= reach) row.push_back({c, d});
    }
  }
  return out;
}

struct Best {
  int64_t pairs = 0;
  double distance = 0;
};

// The Hungarian method on the full table: a possible pair is worth more than all distances together.
Best by_full_table(const Pairs& pairs, int rows, int columns) {
  std::vector<double> value(rows * columns), distance(rows * columns, -1);
  for (int r = 0; r < rows; ++r)
    for (const PossiblePair& pair : pairs[r]) {
      value[r * columns + pair.column] = 1e4 - pair.distance;
      distance[r * columns + pair.column] = pair.distance;
    }
  const std::vector<int> column_of = best_assignment(rows, columns, value);
  Best best;
  for (int r = 0; r < rows; ++r)
    if (column_of[r] >= 0 && distance[r * columns + column_of[r]] >= 0) {
      ++best.pairs;
      best.distance += distance[r * columns + column_of[r]];
    }
  return best;
}

Best of_matching(const SparseMatching& matching, const Pairs& pairs, int rows) {
  Best best;
  std::set<int32_t> used;
  for (int r = 0; r < rows; ++r) {
    const int32_t c = matching.column_of(r);
    if (c < 0) continue;
    EXPECT_TRUE(used.insert(c).second);
    EXPECT_EQ(matching.row_of(c), r);
    const auto pair = std::find_if(pairs[r].begin(), pairs[r].end(), [&](const auto& p) { return p.column == c; });
    EXPECT_NE(pair, pairs[r].end());
    ++best.pairs;
    best.distance += pair->distance;
  }
  EXPECT_EQ(best.pairs, matching.pairs());
  return best;
}

TEST(SparseMatching, EveryPrefixIsThatOfTheHungarianMethod) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const int rows = 30, columns = 12 + static_cast<int>(seed) * 2;
    const double reach = 10 + 4.0 * static_cast<double>(seed % 5);
    const Pairs pairs = random_pairs(rows, columns, 60, reach, seed);
    SparseMatching matching(rows, columns, reach);
    int64_t before = 0;
    for (int r = 0; r < rows; ++r) {
      const bool grew = matching.add(pairs[r]);
      EXPECT_EQ(matching.pairs(), before + grew);
      before = matching.pairs();
      const Best exact = by_full_table(pairs, r + 1, columns), found = of_matching(matching, pairs, r + 1);
      ASSERT_EQ(found.pairs, exact.pairs) << "seed " << seed << " row " << r;
      ASSERT_NEAR(found.distance, exact.distance, 1e-6) << "seed " << seed << " row " << r;
    }
  }
}

TEST(SparseMatching, EverybodyInReachOfEverybody) {
  const Pairs pairs = random_pairs(60, 40, 10, 100, 3);
  SparseMatching matching(60, 40, 100);
  for (const auto& row : pairs) matching.add(row);
  const Best exact = by_full_table(pairs, 60, 40), found = of_matching(matching, pairs, 60);
  EXPECT_EQ(found.pairs, 40);
  EXPECT_NEAR(found.distance, exact.distance, 1e-6);
}

TEST(SparseMatching, EqualDistancesAndNothingAtAll) {
  SparseMatching matching(4, 2, 1);
  EXPECT_FALSE(matching.add({}));
  const std::vector<PossiblePair> both = {{0, 0.0}, {1, 0.0}};
  EXPECT_TRUE(matching.add(both));
  EXPECT_TRUE(matching.add(both));
  EXPECT_FALSE(matching.add(both));
  EXPECT_EQ(matching.pairs(), 2);
  EXPECT_ANY_THROW(matching.add(both));
}

TEST(SparseMatching, ManyThousandsInSeconds) {
  // 20,000 × 20,000 in touch with 1.6 others each: about where a cluster spans the box.
  const int n = 20000;
  Random random(5, "points");
  const double edge = 100, cell = edge / 31;
  std::vector<std::array<double, 3>> at(n);
  std::vector<std::vector<int>> cells(31 * 31 * 31);
  const auto place = [&](double v) { return std::min(30, static_cast<int>(v / cell)); };
  for (int c = 0; c < n; ++c) {
    for (double& v : at[c]) v = random.uniform(0, edge);
    cells[(place(at[c][2]) * 31 + place(at[c][1])) * 31 + place(at[c][0])].push_back(c);
  }
  const double reach = std::cbrt(1.6 * 3 / 4 / std::acos(-1.0) * edge * edge * edge / n);
  ASSERT_LT(reach, cell);
  SparseMatching matching(n, n, reach);
  for (int r = 0; r < n; ++r) {
    const std::array<double, 3> p = {random.uniform(0, edge), random.uniform(0, edge), random.uniform(0, edge)};
    std::vector<PossiblePair> pairs;
    for (int i = 0; i < 27; ++i) {
      const int x = place(p[0]) + i % 3 - 1, y = place(p[1]) + i / 3 % 3 - 1, z = place(p[2]) + i / 9 - 1;
      if (std::min({x, y, z}) < 0 || std::max({x, y, z}) > 30) continue;
      for (const int c : cells[(z * 31 + y) * 31 + x])
        if (const double d = std::hypot(p[0] - at[c][0], p[1] - at[c][1], p[2] - at[c][2]); d <= reach)
          pairs.push_back({c, d});
    }
    matching.add(pairs);
  }
  EXPECT_GT(matching.pairs(), n / 2);
}

}  // namespace
}  // namespace tessera
