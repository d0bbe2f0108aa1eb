// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/imputation.h"

#include <algorithm>

#include "tessera/base/errors.h"
#include "tessera/volume/fourier.h"

namespace tessera {

void impute(Accumulator& sums, double total, double largest_square, const HalfSpectrum& reference, int64_t max_shell) {
  const int64_t n = sums.numerator.real_shape().x;
  if (reference.real_shape() != sums.numerator.real_shape())
    throw InternalError(
        fmt::format("imputation: sums of box {} and a reference of box {}", n, reference.real_shape().x));
  const int64_t limit = std::min(max_shell, (n - 1) / 2);  // as in Accumulator::add
  const auto whole = static_cast<float>(total * largest_square);
  for_each_frequency(reference, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    if (z * z + y * y + x * x > limit * limit) return;
    // Rounding may bring Σ g w² above Σ g.
    sums.numerator.data()[i] += std::max(0.0f, whole - sums.weight[i]) * reference.data()[i];
    sums.weight[i] = std::max(whole, sums.weight[i]);
  });
}

double imputed_variance(double residual, double observed, double all, double previous) {
  return all > 0 ? (residual + std::max(0.0, all - observed) * previous) / all : previous;
}

}  // namespace tessera
