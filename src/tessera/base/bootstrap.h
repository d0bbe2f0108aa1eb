// SPDX-License-Identifier: GPL-3.0-or-later
// How far a mean could have come out otherwise.
#pragma once

#include <cstdint>
#include <vector>

namespace tessera {

struct Interval {
  double low = 0, high = 0;
};

// Percentile bootstrap (Efron & Tibshirani 1993, 13.3) of the mean of `values`: `draws` samples of the same size drawn
// with replacement from Random(seed, "bootstrap", draw); the middle `level` of their means. {0, 0} for no values. Cost
// draws · values random numbers.
Interval bootstrap_mean(const std::vector<double>& values, uint64_t seed, int draws = 2000, double level = 0.95);

}  // namespace tessera
