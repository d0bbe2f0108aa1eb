// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/electron_scattering.h"

#include <algorithm>
#include <cmath>
#include <gemmi/c4322.hpp>

namespace tessera {
namespace {

constexpr int largest = 98;  // Cf

// The table of gemmi.
std::array<ScatteringFactor, largest> all_factors() {
  std::array<ScatteringFactor, largest> out;
  for (int z = 1; z <= largest; ++z) {
    const auto& from = gemmi::C4322<double>::get(static_cast<gemmi::El>(z));
    for (int i = 0; i < 5; ++i) out[z - 1].a[i] = from.a(i), out[z - 1].b_A2[i] = from.b(i);
  }
  return out;
}

}  // namespace

double ScatteringFactor::operator()(double s_per_A) const {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * std::exp(-b_A2[i] * s_per_A * s_per_A);
  return sum;
}

const ScatteringFactor& scattering_factor(int atomic_number) {
  static const auto factors = all_factors();
  return factors[std::clamp(atomic_number, 1, largest) - 1];
}

double displaced_volume_A3(int atomic_number) {
  switch (atomic_number) {
    case 1:
      return 5.15;
    case 7:
      return 2.49;
    case 8:
      return 9.13;
    case 15:
      return 5.73;
    case 16:
      return 19.86;
    default:
      return 16.44;
  }
}

}  // namespace tessera
