// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/gridding_kernel.h"

#include <cmath>

#include "tessera/base/units.h"

namespace tessera {
namespace {

// β = π √((W/σ)² (σ − ½)² − 0.8) with W = 4, σ = 2.
const double beta = pi * std::sqrt(8.2);

double transform_of(double scale, double position) {
  constexpr int width = GriddingKernel::width;
  const double square = beta * beta - std::pow(pi * width * position, 2);
  if (square > 1e-12) return scale * width * std::sinh(std::sqrt(square)) / std::sqrt(square);
  if (square < -1e-12) return scale * width * std::sin(std::sqrt(-square)) / std::sqrt(-square);
  return scale * width;
}

}  // namespace

const GriddingKernel& GriddingKernel::instance() {
  static const GriddingKernel kernel;
  return kernel;
}

GriddingKernel::GriddingKernel()
    : scale_(1 / transform_of(1, 0)), table_([this](double fraction, double (&out)[width]) {
        for (int i = 0; i < width; ++i) out[i] = value(i - 1 - fraction);
      }) {}

double GriddingKernel::value(double t) const {
  const double inside = 1 - t * t / 4;
  return inside <= 0 ? 0 : scale_ * std::cyl_bessel_i(0, beta * std::sqrt(inside));
}

double GriddingKernel::transform(double position) const {
  return transform_of(scale_, position);
}

}  // namespace tessera
