// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/line_kernel.h"

#include <cmath>

#include "tessera/base/units.h"

namespace tessera {

const LineKernel& LineKernel::instance() {
  static const LineKernel kernel;
  return kernel;
}

LineKernel::LineKernel()
    : table_([](double fraction, double (&out)[width]) {
        constexpr double shape = 4;
        double sum = 0;
        for (int i = 0; i < width; ++i) {
          const double t = i - 3 - fraction, inside = 1 - t * t / 16;
          const double window = inside <= 0 ? 0 : std::cyl_bessel_i(0, shape * std::sqrt(inside));
          const double sinc = std::abs(t) < 1e-9 ? 1 : std::sin(pi * t) / (pi * t);
          out[i] = sinc * window;
          sum += out[i];
        }
        for (double& weight : out) weight /= sum;
      }) {}

}  // namespace tessera
