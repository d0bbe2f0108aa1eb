// SPDX-License-Identifier: GPL-3.0-or-later
// Slow, obvious spherical harmonics and Wigner functions: the oracles of so3/.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>

#include "tessera/base/units.h"
#include "tessera/base/vec3.h"
#include "tessera/so3/sphere_transform.h"

namespace tessera::reference {

// Wigner's sum over factorials (Varshalovich 4.3.1), in logarithms of long double: exact to about 1e-12 for l ≤ 30.
inline double wigner_d(int l, int m, int n, double beta) {
  const auto log_factorial = [](int k) { return std::lgamma(static_cast<long double>(k) + 1); };
  long double sum = 0;
  for (int k = std::max(0, n - m); k <= std::min(l + n, l - m); ++k) {
    const long double log_term =
        0.5L * (log_factorial(l + m) + log_factorial(l - m) + log_factorial(l + n) + log_factorial(l - n)) -
        log_factorial(l + n - k) - log_factorial(k) - log_factorial(m - n + k) - log_factorial(l - m - k);
    sum += ((m - n + k) % 2 == 0 ? 1 : -1) * std::exp(log_term) *
           std::pow(std::cos(static_cast<long double>(beta) / 2), 2 * l + n - m - 2 * k) *
           std::pow(std::sin(static_cast<long double>(beta) / 2), m - n + 2 * k);
  }
  return static_cast<double>(sum);
}

// Y_lm with the Condon–Shortley phase, from the standard library's associated Legendre functions.
inline std::complex<double> harmonic(int l, int m, Vec3 direction) {
  const int k = std::abs(m);
  const double theta = std::acos(std::clamp(direction.z, -1.0, 1.0)), phi = std::atan2(direction.y, direction.x);
  // std::sph_legendre carries the phase (−1)^m.
  const std::complex<double> y =
      std::sph_legendre(l, k, theta) * std::complex<double>(std::cos(k * phi), std::sin(k * phi));
  return m >= 0 ? y : (k % 2 == 0 ? 1.0 : -1.0) * std::conj(y);
}

// The real function of shell s in a direction.
inline double value_at(const ShellHarmonics& h, int s, Vec3 direction) {
  double sum = 0;
  for (int l = 0; l < h.bandwidth; ++l)
    for (int m = 0; m <= l; ++m)
      sum += (m == 0 ? 1 : 2) * (std::complex<double>(h.row(l, m)[s]) * harmonic(l, m, direction)).real();
  return sum;
}

}  // namespace tessera::reference
