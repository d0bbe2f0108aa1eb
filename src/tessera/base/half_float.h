// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers of 16 bits (IEEE 754 binary16).
#pragma once

#include <cstdint>

namespace tessera {

// To nearest, ties to even; what is too large becomes infinity.
uint16_t half_from_float(float value);
float float_from_half(uint16_t half);

}  // namespace tessera
