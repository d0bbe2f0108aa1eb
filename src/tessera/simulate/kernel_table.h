// SPDX-License-Identifier: GPL-3.0-or-later
// Weights of an interpolation kernel, tabulated.
#pragma once

#include <algorithm>
#include <vector>

namespace tessera {

// Weights of the `Width` neighbours of a position, for any fraction of a grid step: a table of 1024 steps with linear
// interpolation, error 1e-6 for the windows of this folder.
template <int Width>
class KernelTable {
 public:
  // fill(fraction, out): the weights at that fraction, 0 … 1.
  template <typename Fill>
  explicit KernelTable(const Fill& fill) : rows_(static_cast<size_t>(steps + 1) * Width) {
    for (int row = 0; row <= steps; ++row) {
      double values[Width];
      fill(static_cast<double>(row) / steps, values);
      for (int i = 0; i < Width; ++i) rows_[static_cast<size_t>(row) * Width + i] = static_cast<float>(values[i]);
    }
  }

  // 0 ≤ fraction < 1.
  void weights(float fraction, float (&out)[Width]) const {
    const float scaled = fraction * steps;
    const int row = std::min(static_cast<int>(scaled), steps - 1);
    const float part = scaled - static_cast<float>(row);
    const float* low = &rows_[static_cast<size_t>(row) * Width];
    for (int i = 0; i < Width; ++i) out[i] = low[i] + part * (low[i + Width] - low[i]);
  }

 private:
  static constexpr int steps = 1024;
  std::vector<float> rows_;
};

}  // namespace tessera
