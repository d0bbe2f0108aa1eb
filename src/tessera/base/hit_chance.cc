// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/hit_chance.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/logistic.h"

namespace tessera {
namespace {

double log_odds(double height) {
  const double h = std::clamp(height, 1e-6, 1 - 1e-6);
  return std::log(h / (1 - h));
}

struct Sample {
  double odds, target;
};

double cross_entropy(const std::vector<Sample>& samples, const HitChance& chance) {
  double sum = 0;
  for (const Sample& s : samples) sum += logistic_cross_entropy(chance.offset + chance.slope * s.odds, s.target);
  return sum;
}

HitChance newton_step(const std::vector<Sample>& samples, const HitChance& chance) {
  double g0 = 0, g1 = 0, h00 = 1e-9, h01 = 0, h11 = 1e-9;
  for (const Sample& s : samples) {
    const double p = logistic(chance.offset + chance.slope * s.odds), weight = p * (1 - p);
    g0 += p - s.target;
    g1 += (p - s.target) * s.odds;
    h00 += weight;
    h01 += weight * s.odds;
    h11 += weight * s.odds * s.odds;
  }
  const double determinant = std::max(h00 * h11 - h01 * h01, 1e-12);
  return {-(h11 * g0 - h01 * g1) / determinant, -(h00 * g1 - h01 * g0) / determinant};
}

constexpr double least_share = 1e-6;

// The same heights of hits and of misses, another share of hits.
HitChance brought_to(double share, HitChance chance) {
  chance.offset += log_odds(share) - log_odds(chance.share);
  chance.share = share;
  return chance;
}

}  // namespace

double HitChance::of(double height) const {
  return logistic(offset + slope * log_odds(height));
}

HitChance fit_hit_chance(std::span<const float> heights, std::span<const uint8_t> hits) {
  if (heights.empty() || heights.size() != hits.size()) throw InternalError("the chance of no peaks");
  const auto right = static_cast<double>(std::count(hits.begin(), hits.end(), 1));
  const double wrong = static_cast<double>(hits.size()) - right;
  std::vector<Sample> samples;
  for (size_t i = 0; i < heights.size(); ++i)
    samples.push_back({log_odds(heights[i]), hits[i] ? (right + 1) / (right + 2) : 1 / (wrong + 2)});
  HitChance chance{0, 0};
  double now = cross_entropy(samples, chance);
  for (int iteration = 0; iteration < 100; ++iteration) {
    const HitChance step = newton_step(samples, chance);
    double length = 1, next = now;
    HitChance moved = chance;
    for (; length > 1e-6; length /= 2) {
      moved = {chance.offset + length * step.offset, chance.slope + length * step.slope};
      next = cross_entropy(samples, moved);
      if (next <= now) break;
    }
    if (!(now - next > 1e-12 * now)) break;
    chance = moved;
    now = next;
  }
  chance.share = 0;
  for (const Sample& s : samples) chance.share += s.target / static_cast<double>(samples.size());
  return chance;
}

double hit_share(std::span<const float> heights, const HitChance& chance) {
  if (heights.empty()) return least_share;
  std::vector<double> learnt;
  for (const float height : heights) learnt.push_back(chance.of(height));
  double share = chance.share;
  for (int iteration = 0; iteration < 500; ++iteration) {
    const double hit = share / chance.share, miss = (1 - share) / (1 - chance.share);
    double sum = 0;
    for (const double p : learnt) sum += p * hit / (p * hit + (1 - p) * miss);
    const double next = std::clamp(sum / static_cast<double>(heights.size()), least_share, 1 - least_share);
    const bool rests = std::abs(next - share) < 1e-4 * share;
    share = next;
    if (rests) break;
  }
  return share;
}

HitChance chance_among(std::span<const float> heights, const HitChance& chance) {
  const double share = hit_share(heights, chance);
  if (share >= chance.share / 5) return chance;
  double gain = 0;  // of log-likelihood
  for (const float height : heights) {
    const double p = chance.of(height);
    gain += std::log(p * share / chance.share + (1 - p) * (1 - share) / (1 - chance.share));
  }
  return gain > 3 ? brought_to(share, chance) : chance;
}

ExpectedF1 best_expected_f1(std::span<const float> heights, const HitChance& chance, double least) {
  std::vector<float> sorted(heights.begin(), heights.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  double all = 0;
  for (const float height : sorted) all += chance.of(height);
  ExpectedF1 best;
  double taken = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const double p = chance.of(sorted[i]);
    if (p < least) break;
    taken += p;
    if (i + 1 < sorted.size() && sorted[i + 1] == sorted[i]) continue;  // one threshold takes equals together
    const double f1 = 2 * taken / (static_cast<double>(i + 1) + all);
    if (f1 > best.f1) best = {sorted[i], f1};
  }
  return best;
}

}  // namespace tessera
