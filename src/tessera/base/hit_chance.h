// SPDX-License-Identifier: GPL-3.0-or-later
// From the heights of peaks to the chance that each stands for a particle, and to how many of them are best taken.
#pragma once

#include <cstdint>
#include <span>

namespace tessera {

// Of a peak of height h, 0 < h < 1: 1/(1 + e^−z), z = offset + slope · ln(h/(1 − h)).
struct HitChance {
  double offset = 0, slope = 1;
  double share = 0.5;  // of hits among the peaks it was learnt from: mean of the targets below
  double of(double height) const;
};

// Maximum likelihood by Newton's method, towards targets (n₁ + 1)/(n₁ + 2) for the n₁ hits and 1/(n₀ + 2) for the n₀
// others, so that it exists where all or none are hits (Platt 1999, "Probabilistic outputs for support vector
// machines"). heights and hits (0 or 1) are as many, at least one. Cost: some ten passes.
HitChance fit_hit_chance(std::span<const float> heights, std::span<const uint8_t> hits);

// The share of hits among other peaks, if hits and misses have the heights they had where the chance was learnt: the
// likeliest one, by expectation-maximisation (Saerens, Latinne & Decaestecker 2002, "Adjusting the outputs of a
// classifier to new a priori probabilities"). At least 10⁻⁶. Cost: up to some hundred passes.
double hit_share(std::span<const float> heights, const HitChance& chance);

// The chance among other peaks: as it was learnt, or, where their share of hits is below a fifth of what it was and
// that makes the heights more than twenty times likelier, brought to that share. Shares not so low are not believed:
// where hits are only lower than they were, as in more noise, they seem to be fewer.
HitChance chance_among(std::span<const float> heights, const HitChance& chance);

struct ExpectedF1 {
  double threshold = 1;  // take the peaks of at least this height
  double f1 = 0;         // 2 Σ p over those taken/(how many + Σ p over all)
};
// The threshold of the greatest expected F1. It lies where the chance is half that F1 (Lipton, Elkan & Narayanaswamy
// 2014, "Optimal thresholding of classifiers to maximize F1"), so it is lower where all is uncertain; but nothing is
// taken of a chance below `least`. Oracle: all subsets (hit_chance_test.cc).
ExpectedF1 best_expected_f1(std::span<const float> heights, const HitChance& chance, double least = 0.25);

}  // namespace tessera
