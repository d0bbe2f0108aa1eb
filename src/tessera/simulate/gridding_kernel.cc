// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/gridding_kernel.h"

#include <cmath>

#include "tessera/base/units.h"

namespace tessera {
namespace {

// β = π √((W/σ)² (σ − ½)² − 0.8) with W = 4, σ = 2.
const double beta = pi * std::sqrt(8.2);

}  // namespace

const GriddingKernel& GriddingKernel::instance() {
  static const GriddingKernel kernel;
  return kernel;
}

GriddingKernel::GriddingKernel() {
  scale_ = 1 / transform(0);
  table_.resize(static_cast<size_t>(steps + 1) * width);
  for (int row = 0; row <= steps; ++row)
    for (int i = 0; i < width; ++i)
      table_[static_cast<size_t>(row) * width + i] =
          static_cast<float>(value(i - 1 - static_cast<double>(row) / steps));
}

double GriddingKernel::value(double t) const {
  const double inside = 1 - t * t / 4;
  return inside <= 0 ? 0 : scale_ * std::cyl_bessel_i(0, beta * std::sqrt(inside));
}

double GriddingKernel::transform(double position) const {
  const double square = beta * beta - std::pow(pi * width * position, 2);
  if (square > 1e-12) return scale_ * width * std::sinh(std::sqrt(square)) / std::sqrt(square);
  if (square < -1e-12) return scale_ * width * std::sin(std::sqrt(-square)) / std::sqrt(-square);
  return scale_ * width;
}

}  // namespace tessera
