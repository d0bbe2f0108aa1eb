// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/subdivide/clusters.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "tessera/base/errors.h"
#include "tessera/base/partition.h"
#include "tessera/base/random.h"
#include "tessera/subdivide/tsne.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

// `groups` clouds of `size` points about random centres.
Points clouds(int groups, int size, int dimensions, double spread, uint64_t seed, std::vector<int>* labels = nullptr) {
  Random random(seed, "clouds");
  Points out{0, dimensions, {}};
  std::vector<double> centres(groups * dimensions);
  for (double& c : centres) c = 10 * random.normal();
  for (int i = 0; i < groups * size; ++i) {
    for (int d = 0; d < dimensions; ++d)
      out.values.push_back(static_cast<float>(centres[(i % groups) * dimensions + d] + spread * random.normal()));
    if (labels) labels->push_back(i % groups);
    ++out.count;
  }
  return out;
}

double inertia_of(const Points& points, const std::vector<int>& cluster, int count) {
  double sum = 0;
  for (int c = 0; c < count; ++c)
    for (int64_t d = 0; d < points.dimensions; ++d) {
      double mean = 0, size = 0;
      for (int64_t i = 0; i < points.count; ++i)
        if (cluster[i] == c) mean += points.row(i)[d], size += 1;
      if (size == 0) return 1e300;
      for (int64_t i = 0; i < points.count; ++i)
        if (cluster[i] == c) sum += std::pow(points.row(i)[d] - mean / size, 2);
    }
  return sum;
}

// The least inertia over all partitions of nine points into three.
TEST(Clusters, FindTheBestOfAllPartitions) {
  test::Workers workers(1);
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const Points points = clouds(3, 3, 2, 6, seed);
    double best = 1e300;
    std::vector<int> cluster(9);
    for (int code = 0; code < 19683; ++code) {
      for (int i = 0, rest = code; i < 9; ++i, rest /= 3) cluster[i] = rest % 3;
      best = std::min(best, inertia_of(points, cluster, 3));
    }
    const Clusters found = k_means_clusters(points, {3, 50, 100}, seed, workers.pool);
    EXPECT_NEAR(found.inertia, best, 1e-4 * best) << seed;
  }
}

TEST(Clusters, AreOrderedStableAndNeverEmpty) {
  test::Workers one(1), three(3);
  std::vector<int> labels;
  const Points points = clouds(5, 40, 7, 1, 4, &labels);
  const Clusters found = k_means_clusters(points, {23, 4, 100}, 1, one.pool);
  EXPECT_EQ(found.sizes.size(), 23u);
  EXPECT_TRUE(std::is_sorted(found.sizes.rbegin(), found.sizes.rend()));
  EXPECT_GE(found.sizes.back(), 1);
  EXPECT_EQ(found.cluster, k_means_clusters(points, {23, 4, 100}, 1, three.pool).cluster);
  EXPECT_EQ(adjusted_rand_index(k_means_clusters(points, {5, 10, 100}, 1, one.pool).cluster, labels), 1);
  for (int64_t i = 0; i < points.count; ++i) {  // each in the nearest
    const auto distance = [&](int64_t c) {
      double sum = 0;
      for (int64_t d = 0; d < 7; ++d) sum += std::pow(points.row(i)[d] - found.centres.row(c)[d], 2);
      return sum;
    };
    for (int64_t c = 0; c < 23; ++c) EXPECT_LE(distance(found.cluster[i]), distance(c) + 1e-3);
  }
}

TEST(Clusters, CannotOutnumberThePoints) {
  test::Workers workers(1);
  const Points points = clouds(2, 3, 2, 1, 1);
  EXPECT_THROW(k_means_clusters(points, {7, 1, 10}, 1, workers.pool), UserError);
  EXPECT_THROW(k_means_clusters(points, {0, 1, 10}, 1, workers.pool), UserError);
  EXPECT_THROW(best_mixture(points, {7, 1, 10}, 1, workers.pool), UserError);
  const Points same{4, 1, {2, 2, 2, 2}};
  EXPECT_THROW(k_means_clusters(same, {2, 1, 10}, 1, workers.pool), UserError);
  EXPECT_EQ(k_means_clusters(points, {6, 3, 10}, 1, workers.pool).inertia, 0);
}

TEST(Mixture, LikelihoodNeverFallsAndBicFindsTheNumber) {
  test::Workers workers(1);
  std::vector<int> labels;
  const Points points = clouds(4, 80, 3, 1.5, 6, &labels);
  std::vector<double> values;
  gaussian_mixture(points, {9, 2, 60}, 1, workers.pool, &values);
  for (size_t i = 1; i < values.size(); ++i) EXPECT_GE(values[i], values[i - 1] - 1e-6 * std::abs(values[i]));
  const Mixture best = best_mixture(points, {16, 4, 100}, 1, workers.pool);
  EXPECT_EQ(best.clusters.sizes.size(), 4u);
  EXPECT_GT(adjusted_rand_index(best.clusters.cluster, labels), 0.95);
  EXPECT_NEAR(best.bic, (4 * 7 - 1) * std::log(320.0) - 2 * best.log_likelihood, 1e-6);
}

// One component has the closed form: mean and variance of the points.
TEST(Mixture, OfOneIsTheNormalDistribution) {
  test::Workers workers(1);
  const Points points = clouds(1, 200, 1, 2, 8);
  const Mixture one = gaussian_mixture(points, {1, 1, 5}, 1, workers.pool);
  double mean = 0, square = 0;
  for (const float v : points.values) mean += v / 200.0;
  for (const float v : points.values) square += std::pow(v - mean, 2) / 200.0;
  EXPECT_NEAR(one.log_likelihood, -100 * (std::log(2 * M_PI * square) + 1), 1e-2);
}

TEST(Tsne, KeepsNeighboursTogether) {
  test::Workers one(1), two(2);
  std::vector<int> labels;
  const Points points = clouds(4, 30, 10, 1, 3, &labels);
  const Points map = tsne(points, {10, 300, 12}, one.context);
  ASSERT_EQ(map.count, 120);
  int right = 0;
  for (int64_t i = 0; i < 120; ++i) {
    int64_t nearest = -1;
    double best = 1e300;
    for (int64_t j = 0; j < 120; ++j) {
      const double d = std::hypot(map.row(i)[0] - map.row(j)[0], map.row(i)[1] - map.row(j)[1]);
      if (j != i && d < best) best = d, nearest = j;
    }
    right += labels[nearest] == labels[i];
  }
  EXPECT_GE(right, 119) << "clouds ten deviations apart stay apart";
  EXPECT_EQ(map.values, tsne(points, {10, 300, 12}, two.context).values);
  EXPECT_THROW(tsne({3, 1, {1, 2, 3}}, {}, one.context), UserError);
}

TEST(Tsne, ProbabilitiesHaveThePerplexityAskedFor) {
  std::vector<double> squares;
  Random random(5, "squares");
  for (int i = 0; i < 100; ++i) squares.push_back(50 * random.uniform());
  const auto shares = neighbour_probabilities(squares, 17);
  double sum = 0, entropy = 0;
  for (const double p : shares) sum += p, entropy -= p > 0 ? p * std::log(p) : 0;
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_NEAR(std::exp(entropy), 17, 1e-3);
}

TEST(PrincipalComponents, HoldTheVarianceOfALine) {
  Points points{50, 200, {}};
  Random random(6, "line");
  std::vector<double> along;
  for (int i = 0; i < 50; ++i) {
    along.push_back(random.normal());
    for (int d = 0; d < 200; ++d) points.values.push_back(static_cast<float>(along.back() * (d % 3) + 3));
  }
  const Points found = principal_components(points, 2, 1);
  ASSERT_EQ(found.dimensions, 2);
  double norm = 0, mean = 0;
  for (int d = 0; d < 200; ++d) norm += (d % 3) * (d % 3);
  for (const double a : along) mean += a / 50;
  const double sign = found.row(0)[0] * (along[0] - mean) > 0 ? 1 : -1;
  for (int i = 0; i < 50; ++i) {
    EXPECT_NEAR(found.row(i)[0], sign * (along[i] - mean) * std::sqrt(norm), 1e-2);
    EXPECT_NEAR(found.row(i)[1], 0, 1e-2);
  }
}

TEST(Points, StandardisedHaveMeanZeroAndVarianceOne) {
  Points points = clouds(3, 20, 4, 2, 2);
  for (int64_t i = 0; i < points.count; ++i) points.row(i)[2] = 5;
  standardise(points);
  for (int d = 0; d < 4; ++d) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < points.count; ++i) sum += points.row(i)[d], square += std::pow(points.row(i)[d], 2);
    EXPECT_NEAR(sum, 0, 1e-4);
    EXPECT_NEAR(square, d == 2 ? 0 : 60, 1e-3);
  }
}

}  // namespace
}  // namespace tessera
