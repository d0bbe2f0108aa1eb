// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/score_threshold.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tessera/base/units.h"

namespace tessera {
namespace {

struct Normal {
  double mean = 0, deviation = 1, share = 1;
  double density(double x) const {
    const double z = (x - mean) / deviation;
    return share * std::exp(-0.5 * z * z) / (deviation * std::sqrt(2 * pi));
  }
};

Normal normal_of(std::span<const double> values) {
  Normal out;
  double sum = 0, square = 0;
  for (const double v : values) sum += v, square += v * v;
  const auto count = static_cast<double>(values.size());
  out.mean = sum / count;
  out.deviation = std::sqrt(std::max(0.0, square / count - out.mean * out.mean));
  return out;
}

// Otsu's split of sorted values: how many lie below, with the largest variance between the two parts.
size_t otsu_split(const std::vector<double>& sorted) {
  double all = 0, below = 0, largest = -1;
  for (const double v : sorted) all += v;
  const auto n = static_cast<double>(sorted.size());
  size_t best = 1;
  for (size_t i = 1; i < sorted.size(); ++i) {
    below += sorted[i - 1];
    const auto k = static_cast<double>(i);
    const double difference = below / k - (all - below) / (n - k), between = k * (n - k) * difference * difference;
    if (between > largest) largest = between, best = i;
  }
  return best;
}

double log_likelihood(const std::vector<double>& values, const Normal& a, const Normal& b) {
  double sum = 0;
  for (const double v : values) sum += std::log(std::max(a.density(v) + b.density(v), 1e-300));
  return sum;
}

// One step of expectation and maximisation.
void update(const std::vector<double>& values, double floor, Normal& a, Normal& b) {
  double weight[2] = {}, sum[2] = {}, square[2] = {};
  for (const double v : values) {
    const double pa = a.density(v), pb = b.density(v), all = std::max(pa + pb, 1e-300);
    for (const auto& [i, p] : {std::pair(0, pa / all), {1, pb / all}})
      weight[i] += p, sum[i] += p * v, square[i] += p * v * v;
  }
  int i = 0;
  for (Normal* normal : {&a, &b}) {
    const double w = std::max(weight[i], 1e-9);
    normal->mean = sum[i] / w;
    normal->deviation = std::max(floor, std::sqrt(std::max(0.0, square[i] / w - normal->mean * normal->mean)));
    normal->share = w / static_cast<double>(values.size());
    ++i;
  }
}

}  // namespace

TwoPopulations part_scores(std::span<const float> scores) {
  TwoPopulations out;
  if (scores.empty()) return out;
  std::vector<double> values(scores.begin(), scores.end());
  std::sort(values.begin(), values.end());
  const Normal one = normal_of(values);
  out.low_mean = one.mean;
  out.low_deviation = one.deviation;
  out.threshold = one.mean + 4 * one.deviation;
  if (values.size() < 20 || !(one.deviation > 0)) return out;
  const size_t split = otsu_split(values);
  const std::span<const double> sorted(values);
  const double floor = 0.2 * one.deviation, count = static_cast<double>(values.size());
  Normal low = normal_of(sorted.first(split)), high = normal_of(sorted.subspan(split));
  low.share = static_cast<double>(split) / count;
  high.share = 1 - low.share;
  low.deviation = std::max(low.deviation, floor);
  high.deviation = std::max(high.deviation, floor);
  for (int i = 0; i < 100; ++i) update(values, floor, low, high);
  if (low.mean > high.mean) std::swap(low, high);
  Normal none;
  none.share = 0;
  const double gain = log_likelihood(values, low, high) - log_likelihood(values, one, none);
  const double apart =
      (high.mean - low.mean) / std::sqrt(0.5 * (low.deviation * low.deviation + high.deviation * high.deviation));
  const bool enough = std::min(low.share, high.share) * count >= 5;
  if (!enough || !(2 * gain > 3 * std::log(count)) || !(apart > 2)) return out;  // three parameters more
  out.two = true;
  out.low_mean = low.mean;
  out.low_deviation = low.deviation;
  out.high_mean = high.mean;
  out.high_deviation = high.deviation;
  out.high_share = high.share;
  double from = low.mean, to = high.mean;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (from + to);
    (low.density(middle) > high.density(middle) ? from : to) = middle;
  }
  out.threshold = from;
  return out;
}

}  // namespace tessera
