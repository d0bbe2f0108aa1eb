// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/subdivide/clusters.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <set>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"

namespace tessera {
namespace {

double squared_distance(const float* a, const float* b, int64_t dimensions) {
  float sum = 0;
  for (int64_t d = 0; d < dimensions; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

void check(const Points& points, const ClusterOptions& options) {
  if (options.clusters < 1) throw UserError(fmt::format("--clusters {}: at least 1", options.clusters));
  if (options.clusters > points.count)
    throw UserError(
        fmt::format("{} clusters of {} particles: there cannot be more clusters than particles; lower --clusters",
                    options.clusters, points.count));
}

Points first_centres(const Points& points, int count, Random& random) {
  Points centres{0, points.dimensions, {}};
  std::vector<double> nearest(points.count, std::numeric_limits<double>::max());
  auto chosen = static_cast<int64_t>(random.below(static_cast<uint64_t>(points.count)));
  while (true) {
    centres.values.insert(centres.values.end(), points.row(chosen), points.row(chosen) + points.dimensions);
    if (++centres.count == count) return centres;
    double total = 0;
    for (int64_t i = 0; i < points.count; ++i) {
      nearest[i] =
          std::min(nearest[i], squared_distance(points.row(i), centres.row(centres.count - 1), points.dimensions));
      total += nearest[i];
    }
    if (total == 0)
      throw UserError(fmt::format("{} clusters of {} distinct particles; lower --clusters", count, centres.count));
    double left = random.uniform() * total;
    for (int64_t i = 0; i < points.count; ++i) {
      if (nearest[i] <= 0) continue;
      chosen = i;
      if ((left -= nearest[i]) < 0) break;
    }
  }
}

struct Assignment {
  std::vector<int> cluster;
  std::vector<double> distance;
};

Points means_of(const Points& points, const std::vector<int>& cluster, int count) {
  std::vector<double> sums(static_cast<size_t>(count * points.dimensions)), sizes(count);
  for (int64_t i = 0; i < points.count; ++i) {
    sizes[cluster[i]] += 1;
    for (int64_t d = 0; d < points.dimensions; ++d) sums[cluster[i] * points.dimensions + d] += points.row(i)[d];
  }
  Points out{count, points.dimensions, std::vector<float>(sums.size())};
  for (size_t k = 0; k < sums.size(); ++k)
    out.values[k] = static_cast<float>(sums[k] / std::max(1.0, sizes[k / static_cast<size_t>(points.dimensions)]));
  return out;
}

// Every cluster gets a point: an empty one the farthest of those in clusters of more than one.
void fill_empty(Assignment& assignment, int count) {
  std::vector<int64_t> sizes(count);
  for (const int c : assignment.cluster) ++sizes[c];
  for (int c = 0; c < count; ++c) {
    if (sizes[c] > 0) continue;
    int64_t farthest = -1;
    for (int64_t i = 0; i < std::ssize(assignment.cluster); ++i)
      if (sizes[assignment.cluster[i]] > 1 && (farthest < 0 || assignment.distance[i] > assignment.distance[farthest]))
        farthest = i;
    --sizes[assignment.cluster[farthest]];
    ++sizes[c];
    assignment.cluster[farthest] = c;
    assignment.distance[farthest] = 0;
  }
}

Clusters one_start(const Points& points, const ClusterOptions& options, Random random) {
  Clusters out;
  out.centres = first_centres(points, options.clusters, random);
  Assignment now{std::vector<int>(points.count, -1), std::vector<double>(points.count)};
  for (int iteration = 0; iteration < options.iterations; ++iteration) {
    const std::vector<int> before = now.cluster;
    for (int64_t i = 0; i < points.count; ++i) {
      now.distance[i] = std::numeric_limits<double>::max();
      for (int c = 0; c < options.clusters; ++c) {
        const double d = squared_distance(points.row(i), out.centres.row(c), points.dimensions);
        if (d < now.distance[i]) {
          now.distance[i] = d;
          now.cluster[i] = c;
        }
      }
    }
    fill_empty(now, options.clusters);
    if (now.cluster == before) break;
    out.centres = means_of(points, now.cluster, options.clusters);
  }
  out.cluster = now.cluster;
  for (int64_t i = 0; i < points.count; ++i)
    out.inertia += squared_distance(points.row(i), out.centres.row(out.cluster[i]), points.dimensions);
  return out;
}

// Clusters without points go, the others are numbered by falling size (equal ones in their order).
Clusters by_size(const Clusters& from, int count) {
  std::vector<int64_t> sizes(count);
  for (const int c : from.cluster) ++sizes[c];
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return sizes[a] > sizes[b]; });
  std::erase_if(order, [&](int c) { return sizes[c] == 0; });
  std::vector<int> number(count, -1);
  Clusters out;
  out.inertia = from.inertia;
  out.centres.dimensions = from.centres.dimensions;
  for (const int c : order) {
    number[c] = static_cast<int>(out.sizes.size());
    out.sizes.push_back(sizes[c]);
    out.centres.values.insert(out.centres.values.end(), from.centres.row(c),
                              from.centres.row(c) + from.centres.dimensions);
    ++out.centres.count;
  }
  for (const int c : from.cluster) out.cluster.push_back(number[c]);
  return out;
}

// EM of diagonal Gaussians.
class MixtureFit {
 public:
  MixtureFit(const Points& points, const Clusters& start)
      : points_(points), count_(static_cast<int>(start.sizes.size())), share_(points.count * count_) {
    for (int64_t i = 0; i < points.count; ++i) share_[i * count_ + start.cluster[i]] = 1;
    floor_ = variance_floor();
    maximise();
  }
  // Posteriors at the present parameters; returns the log-likelihood of these.
  double expect() {
    double total = 0;
    std::vector<double> logs(count_);
    for (int64_t i = 0; i < points_.count; ++i) {
      double largest = -std::numeric_limits<double>::infinity();
      for (int c = 0; c < count_; ++c) {
        logs[c] = log_weight_[c];
        for (int64_t d = 0; d < points_.dimensions; ++d) {
          const double z = points_.row(i)[d] - mean_[c * points_.dimensions + d];
          logs[c] -= 0.5 * (z * z / variance_[c * points_.dimensions + d] +
                            std::log(2 * std::numbers::pi * variance_[c * points_.dimensions + d]));
        }
        largest = std::max(largest, logs[c]);
      }
      double sum = 0;
      for (int c = 0; c < count_; ++c) sum += std::exp(logs[c] - largest);
      for (int c = 0; c < count_; ++c) share_[i * count_ + c] = std::exp(logs[c] - largest) / sum;
      total += largest + std::log(sum);
    }
    return total;
  }
  void maximise() {
    const int64_t dimensions = points_.dimensions;
    mean_.assign(count_ * dimensions, 0);
    variance_.assign(count_ * dimensions, 0);
    log_weight_.assign(count_, 0);
    std::vector<double> weight(count_, 1e-12);
    for (int64_t i = 0; i < points_.count; ++i)
      for (int c = 0; c < count_; ++c) {
        weight[c] += share_[i * count_ + c];
        for (int64_t d = 0; d < dimensions; ++d)
          mean_[c * dimensions + d] += share_[i * count_ + c] * points_.row(i)[d];
      }
    for (size_t k = 0; k < mean_.size(); ++k) mean_[k] /= weight[k / static_cast<size_t>(dimensions)];
    for (int64_t i = 0; i < points_.count; ++i)
      for (int c = 0; c < count_; ++c)
        for (int64_t d = 0; d < dimensions; ++d)
          variance_[c * dimensions + d] +=
              share_[i * count_ + c] * std::pow(points_.row(i)[d] - mean_[c * dimensions + d], 2);
    for (size_t k = 0; k < variance_.size(); ++k)
      variance_[k] = std::max(floor_, variance_[k] / weight[k / static_cast<size_t>(dimensions)]);
    for (int c = 0; c < count_; ++c) log_weight_[c] = std::log(weight[c] / static_cast<double>(points_.count));
  }
  Clusters clusters() const {
    Clusters out;
    out.centres = {count_, points_.dimensions, std::vector<float>(mean_.begin(), mean_.end())};
    for (int64_t i = 0; i < points_.count; ++i) {
      const double* row = share_.data() + i * count_;
      out.cluster.push_back(static_cast<int>(std::max_element(row, row + count_) - row));
      out.inertia += squared_distance(points_.row(i), out.centres.row(out.cluster.back()), points_.dimensions);
    }
    return by_size(out, count_);
  }

 private:
  double variance_floor() const {
    const Points centre = means_of(points_, std::vector<int>(points_.count, 0), 1);
    double sum = 0;
    for (int64_t i = 0; i < points_.count; ++i)
      sum += squared_distance(points_.row(i), centre.row(0), points_.dimensions);
    return std::max(1e-12, 1e-3 * sum / static_cast<double>(points_.count * points_.dimensions));
  }
  const Points& points_;
  int count_;
  std::vector<double> share_, mean_, variance_, log_weight_;
  double floor_ = 0;
};

}  // namespace

Clusters k_means_clusters(const Points& points, const ClusterOptions& options, uint64_t seed, Threads& threads) {
  check(points, options);
  std::vector<Clusters> starts(std::max(1, options.restarts));
  threads.for_each(std::ssize(starts), [&](int64_t s, int) {
    starts[s] = one_start(points, options, Random(seed, "clusters", static_cast<uint64_t>(s)));
  });
  const auto best = std::min_element(starts.begin(), starts.end(),
                                     [](const auto& a, const auto& b) { return a.inertia < b.inertia; });
  return by_size(*best, options.clusters);
}

Mixture gaussian_mixture(const Points& points, const ClusterOptions& options, uint64_t seed, Threads& threads,
                         std::vector<double>* log_likelihoods) {
  MixtureFit fit(points, k_means_clusters(points, options, seed, threads));
  Mixture out;
  out.log_likelihood = fit.expect();
  if (log_likelihoods) log_likelihoods->push_back(out.log_likelihood);
  for (int iteration = 0; iteration < options.iterations; ++iteration) {
    fit.maximise();
    const double now = fit.expect();
    if (log_likelihoods) log_likelihoods->push_back(now);
    const bool rests = now - out.log_likelihood < 1e-6 * std::abs(now);
    out.log_likelihood = now;
    if (rests) break;
  }
  out.clusters = fit.clusters();
  out.parameters = options.clusters * (2 * points.dimensions + 1) - 1;
  out.bic = static_cast<double>(out.parameters) * std::log(static_cast<double>(points.count)) - 2 * out.log_likelihood;
  return out;
}

Mixture best_mixture(const Points& points, const ClusterOptions& options, uint64_t seed, Threads& threads) {
  check(points, options);
  Mixture best;
  std::set<int> tried;
  for (double size = 1; size <= options.clusters + 0.5; size *= std::numbers::sqrt2) {
    ClusterOptions one = options;
    one.clusters = static_cast<int>(std::lround(size));
    if (!tried.insert(one.clusters).second) continue;
    Mixture mixture = gaussian_mixture(points, one, seed, threads);
    if (best.clusters.sizes.empty() || mixture.bic < best.bic) best = std::move(mixture);
  }
  return best;
}

}  // namespace tessera
