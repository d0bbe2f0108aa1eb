// SPDX-License-Identifier: GPL-3.0-or-later
// Units: lengths in Å, angles in radians, voltages in kV; anything else carries its unit in its name.
#pragma once

#include <numbers>

namespace tessera {

inline constexpr double pi = std::numbers::pi;
inline constexpr double degree = pi / 180.0;  // radians in one degree
inline constexpr double micrometre_A = 1e4;   // Å in one µm
inline constexpr double millimetre_A = 1e7;   // Å in one mm

}  // namespace tessera
