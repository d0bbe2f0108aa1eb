// SPDX-License-Identifier: GPL-3.0-or-later
// The slow and obvious: nearest centre, Monte Carlo volume of balls.
#pragma once

#include <algorithm>
#include <vector>

#include "tessera/base/random.h"
#include "tessera/simulate/balls.h"

namespace tessera::reference {

inline size_t nearest_centre(Vec3 point, const std::vector<Vec3>& centres) {
  size_t best = 0;
  for (size_t c = 1; c < centres.size(); ++c)
    if ((point - centres[c]).norm() < (point - centres[best]).norm()) best = c;
  return best;
}

// Share of uniform points of a cube that lie in a ball, times the cube; standard error volume·√((1−p)/(p·draws)).
inline double monte_carlo_volume(const std::vector<Ball>& balls, Vec3 low, double edge, int64_t draws, Random random) {
  int64_t hits = 0;
  for (int64_t i = 0; i < draws; ++i) {
    const Vec3 p = low + Vec3{random.uniform(), random.uniform(), random.uniform()} * edge;
    hits +=
        std::any_of(balls.begin(), balls.end(), [&](const Ball& b) { return (p - b.centre_A).norm() < b.radius_A; });
  }
  return edge * edge * edge * static_cast<double>(hits) / static_cast<double>(draws);
}

}  // namespace tessera::reference
