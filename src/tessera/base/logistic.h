// SPDX-License-Identifier: GPL-3.0-or-later
// The logistic function and what a guess through it costs.
#pragma once

#include <algorithm>
#include <cmath>

namespace tessera {

inline double logistic(double z) {
  return 1 / (1 + std::exp(-z));
}

// −t ln p − (1 − t) ln (1 − p), p = logistic(z), 0 ≤ t ≤ 1; exact where p is nearly 0 or 1.
inline double logistic_cross_entropy(double z, double t) {
  return std::max(z, 0.0) - z * t + std::log1p(std::exp(-std::abs(z)));
}

}  // namespace tessera
