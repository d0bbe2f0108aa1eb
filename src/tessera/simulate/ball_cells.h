// SPDX-License-Identifier: GPL-3.0-or-later
// Which balls are near a point: a hashed grid of cells, for any extent.
#pragma once

#include <cmath>
#include <unordered_map>
#include <vector>

#include "tessera/base/vec3.h"

namespace tessera {

class BallCells {
 public:
  explicit BallCells(double cell_A) : cell_A_(cell_A) {}

  void add(int32_t ball, Vec3 centre_A) {
    cells_[key(index(centre_A.x), index(centre_A.y), index(centre_A.z))].push_back(ball);
  }

  // Calls visit(ball) for every ball whose centre may lie within `reach_A` (and for some beyond) until visit returns
  // false; returns whether it never did.
  template <typename Visit>
  bool all_near(Vec3 centre_A, double reach_A, Visit&& visit) const {
    for (int64_t x = index(centre_A.x - reach_A); x <= index(centre_A.x + reach_A); ++x)
      for (int64_t y = index(centre_A.y - reach_A); y <= index(centre_A.y + reach_A); ++y)
        for (int64_t z = index(centre_A.z - reach_A); z <= index(centre_A.z + reach_A); ++z) {
          const auto found = cells_.find(key(x, y, z));
          if (found == cells_.end()) continue;
          for (const int32_t ball : found->second)
            if (!visit(ball)) return false;
        }
    return true;
  }

 private:
  int64_t index(double at) const { return static_cast<int64_t>(std::floor(at / cell_A_)); }
  // 21 bits an axis: ± a million cells.
  static uint64_t key(int64_t x, int64_t y, int64_t z) {
    constexpr int64_t middle = int64_t{1} << 20, mask = (int64_t{1} << 21) - 1;
    return static_cast<uint64_t>((x + middle) & mask) << 42 | static_cast<uint64_t>((y + middle) & mask) << 21 |
           static_cast<uint64_t>((z + middle) & mask);
  }
  double cell_A_;
  std::unordered_map<uint64_t, std::vector<int32_t>> cells_;
};

}  // namespace tessera
