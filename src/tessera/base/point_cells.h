// SPDX-License-Identifier: GPL-3.0-or-later
// Which points are near another: a hashed grid of cells, for any extent.
#pragma once

#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tessera/base/vec3.h"

namespace tessera {

class PointCells {
 public:
  // Quickest where queries reach about one cell. > 0.
  explicit PointCells(double cell) : cell_(cell) {}

  void add(int32_t point, Vec3 at) { cells_[key(index(at.x), index(at.y), index(at.z))].push_back(point); }

  // Calls visit(point) for every point that may lie within `reach` (and for some beyond) until visit returns false;
  // returns whether it never did.
  template <typename Visit>
  bool all_near(Vec3 at, double reach, Visit&& visit) const {
    for (int64_t x = index(at.x - reach); x <= index(at.x + reach); ++x)
      for (int64_t y = index(at.y - reach); y <= index(at.y + reach); ++y)
        for (int64_t z = index(at.z - reach); z <= index(at.z + reach); ++z) {
          const auto found = cells_.find(key(x, y, z));
          if (found == cells_.end()) continue;
          for (const int32_t point : found->second)
            if (!visit(point)) return false;
        }
    return true;
  }

 private:
  int64_t index(double at) const { return static_cast<int64_t>(std::floor(at / cell_)); }
  // 21 bits an axis: ± a million cells; farther ones share a list.
  static uint64_t key(int64_t x, int64_t y, int64_t z) {
    constexpr int64_t middle = int64_t{1} << 20, mask = (int64_t{1} << 21) - 1;
    return static_cast<uint64_t>((x + middle) & mask) << 42 | static_cast<uint64_t>((y + middle) & mask) << 21 |
           static_cast<uint64_t>((z + middle) & mask);
  }
  double cell_;
  std::unordered_map<uint64_t, std::vector<int32_t>> cells_;
};

}  // namespace tessera
