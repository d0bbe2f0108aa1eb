// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/subdivide/tsne.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/base/shape.h"

namespace tessera {
namespace {

struct Link {
  int64_t to;
  float weight;
};
using Links = std::vector<std::vector<Link>>;

// Symmetric joint probabilities (p_{j|i} + p_{i|j})/2n along near neighbours.
Links attraction(const Points& points, double perplexity, Threads& threads) {
  const int64_t n = points.count, near = std::min<int64_t>(n - 1, static_cast<int64_t>(3 * perplexity));
  Links directed(n);
  threads.for_each(n, [&](int64_t i, int) {
    std::vector<std::pair<double, int64_t>> found;
    for (int64_t j = 0; j < n; ++j) {
      if (j == i) continue;
      float sum = 0;
      for (int64_t d = 0; d < points.dimensions; ++d)
        sum += (points.row(i)[d] - points.row(j)[d]) * (points.row(i)[d] - points.row(j)[d]);
      found.emplace_back(sum, j);
    }
    std::partial_sort(found.begin(), found.begin() + near, found.end());
    std::vector<double> squares;
    for (int64_t k = 0; k < near; ++k) squares.push_back(found[k].first);
    const auto shares = neighbour_probabilities(squares, perplexity);
    for (int64_t k = 0; k < near; ++k) directed[i].push_back({found[k].second, static_cast<float>(shares[k])});
  });
  std::vector<std::map<int64_t, double>> joint(n);
  for (int64_t i = 0; i < n; ++i)
    for (const Link& link : directed[i]) {
      joint[i][link.to] += link.weight / (2.0 * static_cast<double>(n));
      joint[link.to][i] += link.weight / (2.0 * static_cast<double>(n));
    }
  Links out(n);
  for (int64_t i = 0; i < n; ++i)
    for (const auto& [to, weight] : joint[i]) out[i].push_back({to, static_cast<float>(weight)});
  return out;
}

struct Repulsion {
  double x = 0, y = 0, total = 0;  // Σ q² Δ, Σ q
};

Repulsion repulsion_on(int64_t i, const AlignedVector<float>& x, const AlignedVector<float>& y) {
  const float xi = x[i], yi = y[i];
  const auto n = static_cast<int64_t>(x.size());
  Repulsion out;
  constexpr int64_t block = 1024;
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t end = std::min(n, begin + block);
    float fx = 0, fy = 0, sum = 0;
#pragma GCC ivdep
    for (int64_t j = begin; j < end; ++j) {
      const float dx = xi - x[j], dy = yi - y[j], q = 1 / (1 + dx * dx + dy * dy);
      sum += q;
      fx += q * q * dx;
      fy += q * q * dy;
    }
    out.x += fx;
    out.y += fy;
    out.total += sum;
  }
  out.total -= 1;  // of itself
  return out;
}

}  // namespace

std::vector<double> neighbour_probabilities(const std::vector<double>& squares, double perplexity) {
  const double least = *std::min_element(squares.begin(), squares.end());
  double low = 0, high = std::numeric_limits<double>::infinity(), beta = 1;
  const double mean =
      std::accumulate(squares.begin(), squares.end(), 0.0) / static_cast<double>(squares.size()) - least;
  if (mean > 0) beta = 1 / mean;
  std::vector<double> out(squares.size());
  for (int step = 0; step < 100; ++step) {
    double sum = 0, weighted = 0;
    for (size_t k = 0; k < squares.size(); ++k) {
      out[k] = std::exp(-beta * (squares[k] - least));
      sum += out[k];
      weighted += out[k] * beta * (squares[k] - least);
    }
    for (double& p : out) p /= sum;
    const double entropy = std::log(sum) + weighted / sum, wanted = std::log(perplexity);
    if (std::abs(entropy - wanted) < 1e-6) break;
    (entropy > wanted ? low : high) = beta;
    beta = std::isinf(high) ? 2 * beta : (low + high) / 2;
  }
  return out;
}

Points tsne(const Points& points, const TsneOptions& options, ExecContext& context) {
  const int64_t n = points.count;
  if (n < 4) throw UserError(fmt::format("a map of {} points: t-SNE needs at least 4", n));
  const double perplexity = std::min(options.perplexity, static_cast<double>(n - 1) / 5 + 1);
  const Links links = attraction(points, perplexity, context.threads);
  Random random(context.seed, "t-SNE");
  AlignedVector<float> x(n), y(n), speed_x(n), speed_y(n), gain_x(n, 1), gain_y(n, 1);
  for (int64_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>(1e-4 * random.normal());
    y[i] = static_cast<float>(1e-4 * random.normal());
  }
  const double rate = std::max(50.0, static_cast<double>(n) / options.exaggeration);
  std::vector<Repulsion> away(n);
  Progress progress(context.sink, "t-SNE", options.iterations);
  for (int step = 0; step < options.iterations; ++step) {
    if (context.stop_requested()) throw Interrupted("stopped while mapping the points");
    const bool early = step < options.iterations / 4;
    const double pull = early ? options.exaggeration : 1, momentum = early ? 0.5 : 0.8;
    context.threads.for_each(n, [&](int64_t i, int) { away[i] = repulsion_on(i, x, y); });
    double total = 1e-12;
    for (const Repulsion& one : away) total += one.total;
    AlignedVector<float> new_x(n), new_y(n);
    context.threads.for_each(n, [&](int64_t i, int) {
      double fx = -away[i].x / total, fy = -away[i].y / total;
      for (const Link& link : links[i]) {
        const float dx = x[i] - x[link.to], dy = y[i] - y[link.to];
        const double strength = pull * link.weight / (1 + dx * dx + dy * dy);
        fx += strength * dx;
        fy += strength * dy;
      }
      const auto move = [&](double force, float& speed, float& gain) {
        gain = std::max(0.01f, force * speed > 0 ? 0.8f * gain : gain + 0.2f);
        speed = static_cast<float>(momentum * speed - 4 * rate * gain * force);
        return speed;
      };
      new_x[i] = x[i] + move(fx, speed_x[i], gain_x[i]);
      new_y[i] = y[i] + move(fy, speed_y[i], gain_y[i]);
    });
    x = std::move(new_x);
    y = std::move(new_y);
    progress.advance();
  }
  Points out{n, 2, std::vector<float>(2 * n)};
  for (int64_t i = 0; i < n; ++i) {
    out.values[2 * i] = x[i];
    out.values[2 * i + 1] = y[i];
  }
  return out;
}

}  // namespace tessera
