// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/score_threshold.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tessera/base/quantile.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

constexpr size_t fewest = 20;
constexpr int steps = 100;
constexpr double out_of_reach = 3.5;  // deviations
constexpr double least_distance = 2;  // of two populations, in deviations

double density(const Population& p, double x) {
  const double z = (x - p.mean) / p.deviation;
  return p.share * std::exp(-0.5 * z * z) / (p.deviation * std::sqrt(2 * pi));
}

// The normal distribution with these 5th and 25th percentiles: what is wanted lies above them.
Population lower_half(std::span<const float> scores) {
  std::vector<float> values(scores.begin(), scores.end());
  const double low = quantile(values, 0.05), quarter = quantile(values, 0.25),
               deviation = (quarter - low) / (1.645 - 0.674);
  return {quarter + 0.674 * deviation, deviation, 1};
}

double log_likelihood(std::span<const float> scores, const Population& a, const Population& b) {
  double sum = 0;
  for (const float v : scores) sum += std::log(std::max(density(a, v) + density(b, v), 1e-300));
  return sum;
}

// What a population must stay within.
struct Bounds {
  double least_mean, most_mean, least_deviation, most_deviation;
  void apply(Population& p) const {
    p.mean = std::clamp(p.mean, least_mean, most_mean);
    p.deviation = std::clamp(p.deviation, least_deviation, most_deviation);
  }
};

// Expectation and maximisation; a share of 0 stays.
void fit(std::span<const float> scores, const Bounds& low_bounds, const Bounds& high_bounds, Population& low,
         Population& high) {
  for (int step = 0; step < steps; ++step) {
    double weight[2] = {}, sum[2] = {}, square[2] = {};
    for (const float v : scores) {
      const double a = density(low, v), b = density(high, v), all = std::max(a + b, 1e-300);
      int i = 0;
      for (const double share : {a / all, b / all})
        weight[i] += share, sum[i] += share * v, square[i++] += share * v * v;
    }
    int i = 0;
    for (Population* p : {&low, &high}) {
      if (weight[i] > 1e-9) {
        p->mean = sum[i] / weight[i];
        p->deviation = std::sqrt(std::max(0.0, square[i] / weight[i] - p->mean * p->mean));
      }
      (i == 0 ? low_bounds : high_bounds).apply(*p);
      p->share = weight[i++] / static_cast<double>(scores.size());
    }
  }
}

// Of the means, in units of the root mean square of the deviations.
double distance(const Population& low, const Population& high) {
  return (high.mean - low.mean) / std::sqrt(0.5 * (low.deviation * low.deviation + high.deviation * high.deviation));
}

// Where the two densities cross between their means.
double crossing(const Population& low, const Population& high) {
  double from = low.mean, to = high.mean;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (from + to);
    (density(low, middle) > density(high, middle) ? from : to) = middle;
  }
  return from;
}

}  // namespace

ScoreThreshold part_scores(std::span<const float> won, std::span<const float> lost) {
  ScoreThreshold out;
  if (std::max(won.size(), lost.size()) < fewest) return out;
  const Population start = lower_half(lost.size() >= fewest ? lost : won);
  out.clutter = start;
  out.threshold = start.mean + out_of_reach * start.deviation;
  if (!(start.deviation > 0) || won.empty()) return out;
  const Bounds near{start.mean - start.deviation, start.mean + start.deviation, 0.5 * start.deviation,
                    1.25 * start.deviation};
  Population none{0, 1, 0}, alone = start;
  fit(won, near, {0, 0, 1, 1}, alone, none);
  const auto count = static_cast<double>(won.size());
  double sum = 0, above = 0;
  for (const float v : won)
    if (v > start.mean + 2 * start.deviation) sum += v, ++above;
  Population low = start, high{above > 0 ? sum / above : start.mean + 3 * start.deviation, 1.5 * start.deviation, 0};
  high.share = std::clamp(above / count, 0.05, 0.95);
  low.share = 1 - high.share;
  const double infinite = 1e300;
  fit(won, near, {start.mean + start.deviation, infinite, 0.5 * start.deviation, infinite}, low, high);
  const double gain = log_likelihood(won, low, high) - log_likelihood(won, alone, none);
  out.clutter = alone;
  out.threshold = alone.mean + out_of_reach * alone.deviation;
  // Three parameters more.
  const bool apart = std::max(distance(low, high), distance(start, high)) >= least_distance;
  if (!apart || high.share * count < 3 || !(2 * gain > 3 * std::log(count))) return out;
  out.clutter = low;
  out.found = high;
  out.threshold = crossing(low, high);
  return out;
}

}  // namespace tessera
