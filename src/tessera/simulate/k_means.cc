// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/k_means.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/base/shape.h"

namespace tessera {
namespace {

// Coordinates about their mean, one array an axis, in single precision: fast to scan, exact to 1e-5 Å. What decides
// (centres, inertia) is summed in double from the points themselves.
struct Columns {
  explicit Columns(const std::vector<Vec3>& points) : x(points.size()), y(points.size()), z(points.size()) {
    for (const Vec3& p : points) mean += p * (1.0 / static_cast<double>(points.size()));
    for (size_t i = 0; i < points.size(); ++i) {
      x[i] = static_cast<float>(points[i].x - mean.x);
      y[i] = static_cast<float>(points[i].y - mean.y);
      z[i] = static_cast<float>(points[i].z - mean.z);
    }
  }
  AlignedVector<float> x, y, z;
  Vec3 mean;
};

// For each point the nearest centre and the squared distance to it.
struct Nearest {
  AlignedVector<float> square;
  AlignedVector<int32_t> centre;
};

void assign(const Columns& columns, const std::vector<Vec3>& centres, Nearest& nearest) {
  constexpr size_t block = 2048;
  const size_t count = columns.x.size();
  for (size_t begin = 0; begin < count; begin += block) {
    const size_t end = std::min(count, begin + block);
    std::fill(nearest.square.begin() + begin, nearest.square.begin() + end, std::numeric_limits<float>::max());
    for (size_t c = 0; c < centres.size(); ++c) {
      const Vec3 d = centres[c] - columns.mean;
      const auto cx = static_cast<float>(d.x), cy = static_cast<float>(d.y), cz = static_cast<float>(d.z);
      const auto number = static_cast<int32_t>(c);
      const float *x = columns.x.data(), *y = columns.y.data(), *z = columns.z.data();
      float* square = nearest.square.data();
      int32_t* centre = nearest.centre.data();
      for (size_t i = begin; i < end; ++i) {
        const float dx = x[i] - cx, dy = y[i] - cy, dz = z[i] - cz, s = dx * dx + dy * dy + dz * dz;
        centre[i] = s < square[i] ? number : centre[i];
        square[i] = s < square[i] ? s : square[i];
      }
    }
  }
}

size_t draw_by_weight(const AlignedVector<float>& weights, Random& random) {
  double total = 0;
  for (const float w : weights) total += w;
  double left = random.uniform() * total;
  size_t last = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0) continue;
    last = i;
    if ((left -= weights[i]) < 0) break;
  }
  return last;
}

std::vector<Vec3> first_centres(const std::vector<Vec3>& points, const Columns& columns, const KMeansOptions& options,
                                Nearest& nearest, Random& random) {
  std::vector<Vec3> centres;
  if (!options.careful_seeding) {
    std::vector<size_t> order(points.size());
    std::iota(order.begin(), order.end(), size_t{0});
    shuffle(order, random);
    for (int c = 0; c < options.clusters; ++c) centres.push_back(points[order[c]]);
    return centres;
  }
  centres.push_back(points[random.below(points.size())]);
  while (static_cast<int>(centres.size()) < options.clusters) {
    assign(columns, centres, nearest);
    centres.push_back(points[draw_by_weight(nearest.square, random)]);
  }
  return centres;
}

// The means of the clusters. A cluster without points takes the point farthest from its own centre.
void move_centres(const std::vector<Vec3>& points, Nearest& nearest, std::vector<Vec3>& centres) {
  std::vector<int64_t> counts(centres.size());
  for (const int32_t c : nearest.centre) ++counts[c];
  for (size_t empty = 0; empty < centres.size(); ++empty) {
    if (counts[empty] > 0) continue;
    size_t farthest = 0;
    for (size_t i = 0; i < points.size(); ++i)
      if (counts[nearest.centre[i]] > 1 && nearest.square[i] > nearest.square[farthest]) farthest = i;
    --counts[nearest.centre[farthest]];
    nearest.centre[farthest] = static_cast<int32_t>(empty);
    nearest.square[farthest] = 0;
    counts[empty] = 1;
  }
  std::fill(centres.begin(), centres.end(), Vec3{});
  for (size_t i = 0; i < points.size(); ++i) centres[nearest.centre[i]] += points[i];
  for (size_t c = 0; c < centres.size(); ++c) centres[c] = centres[c] * (1.0 / static_cast<double>(counts[c]));
}

KMeans one_start(const std::vector<Vec3>& points, const Columns& columns, const KMeansOptions& options, Random random) {
  Nearest nearest{AlignedVector<float>(points.size()), AlignedVector<int32_t>(points.size())};
  KMeans out;
  out.centres = first_centres(points, columns, options, nearest, random);
  AlignedVector<int32_t> before(points.size(), -1);
  while (!out.converged && out.iterations < options.iterations) {
    assign(columns, out.centres, nearest);
    move_centres(points, nearest, out.centres);
    out.converged = nearest.centre == before;
    before = nearest.centre;
    ++out.iterations;
  }
  out.cluster.assign(nearest.centre.begin(), nearest.centre.end());
  for (size_t i = 0; i < points.size(); ++i) {
    const Vec3 d = points[i] - out.centres[out.cluster[i]];
    out.inertia += d.dot(d);
  }
  return out;
}

void sort_clusters(KMeans& found) {
  std::vector<int32_t> order(found.centres.size()), rank(order.size());
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](int32_t c) { return std::tuple(found.centres[c].x, found.centres[c].y, found.centres[c].z); };
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return key(a) < key(b); });
  std::vector<Vec3> centres;
  for (size_t i = 0; i < order.size(); ++i) {
    rank[order[i]] = static_cast<int32_t>(i);
    centres.push_back(found.centres[order[i]]);
  }
  found.centres = std::move(centres);
  for (int32_t& c : found.cluster) c = rank[c];
}

}  // namespace

KMeans k_means(const std::vector<Vec3>& points, const KMeansOptions& options, uint64_t seed, Threads& threads) {
  if (options.clusters < 1 || options.restarts < 1 || options.iterations < 1)
    throw UserError("k-means needs at least one cluster, one start and one iteration");
  std::vector<std::tuple<double, double, double>> distinct;
  for (const Vec3& p : points) distinct.emplace_back(p.x, p.y, p.z);
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  if (distinct.size() < static_cast<size_t>(options.clusters))
    throw UserError(fmt::format("{} distinct points cannot make {} clusters", distinct.size(), options.clusters));
  const Columns columns(points);
  std::vector<KMeans> starts(options.restarts);
  threads.for_each(options.restarts, [&](int64_t start, int) {
    starts[start] = one_start(points, columns, options, Random(seed, "k-means", start));
  });
  auto best = std::min_element(starts.begin(), starts.end(),
                               [](const KMeans& a, const KMeans& b) { return a.inertia < b.inertia; });
  sort_clusters(*best);
  return std::move(*best);
}

}  // namespace tessera
