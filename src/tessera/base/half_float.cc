// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/half_float.h"

#include <bit>
#include <cmath>

namespace tessera {

uint16_t half_from_float(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
  const double magnitude = std::abs(static_cast<double>(value));
  if (std::isnan(value)) return static_cast<uint16_t>(sign | 0x7e00u);
  if (magnitude >= 65520) return static_cast<uint16_t>(sign | 0x7c00u);
  int exponent = magnitude > 0 ? std::ilogb(magnitude) : -15;
  if (exponent < -14) exponent = -14;  // subnormal
  const double unit = std::ldexp(1.0, exponent - 10);
  const auto steps = static_cast<uint32_t>(std::nearbyint(magnitude / unit));  // below 2048, or 2048: the next exponent
  const uint32_t biased = steps >= 1024 ? static_cast<uint32_t>(exponent + 15) : 0;
  return static_cast<uint16_t>(sign | ((biased << 10) + (steps >= 1024 ? steps - 1024 : steps)));
}

float float_from_half(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000u} << 16, exponent = (half >> 10) & 31, fraction = half & 1023;
  if (exponent == 0) {
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return sign ? -magnitude : magnitude;
  }
  const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

}  // namespace tessera
