// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/line_kernel.h"

#include <cmath>

#include "tessera/base/units.h"

namespace tessera {

const LineKernel& LineKernel::instance() {
  static const LineKernel kernel;
  return kernel;
}

LineKernel::LineKernel() : table_(static_cast<size_t>(steps + 1) * width) {
  constexpr double shape = 4;
  for (int row = 0; row <= steps; ++row) {
    double values[width], sum = 0;
    for (int i = 0; i < width; ++i) {
      const double t = i - 3 - static_cast<double>(row) / steps, inside = 1 - t * t / 16;
      const double window = inside <= 0 ? 0 : std::cyl_bessel_i(0, shape * std::sqrt(inside));
      const double sinc = std::abs(t) < 1e-9 ? 1 : std::sin(pi * t) / (pi * t);
      values[i] = sinc * window;
      sum += values[i];
    }
    for (int i = 0; i < width; ++i) table_[static_cast<size_t>(row) * width + i] = static_cast<float>(values[i] / sum);
  }
}

}  // namespace tessera
