// SPDX-License-Identifier: GPL-3.0-or-later
// Rotations spread evenly over SO(3), or over the part of it that a symmetric structure leaves.
#pragma once

#include <string>
#include <vector>

#include "tessera/so3/rotation.h"

namespace tessera {

// Rotations R = Rz(α) Ry(β) Rz(γ) in rows of equal β about `step` radians apart, β_i = (i + ½) δ; on each row
// round(2π sin β/step) values of α, every second row shifted by half of their spacing, and as many γ as fit: cells of
// one volume, 8π²/step³ rotations in all. No rotation is further than 0.8 step from the nearest, the mean is 0.48 step
// (so3/rotation_grid_test.cc; super-Fibonacci spirals, Alexa 2022, of as many points: 0.88 and 0.50).
//
// symmetry: a point group (so3/point_group.h) of the structure that is turned: of rotations R·g that show it alike one
// is enough. Cn keeps γ < 2π/n, Dn also β < π/2, without a seam: 1/|group| of the rotations. Of the others those R are
// kept that are not further from the identity than every R·g by more than a quarter of a step, which closes the seam
// at the price of 1 rotation in 10. UserError on an unknown group, InternalError unless 0 < step ≤ π.
std::vector<Rotation> rotation_grid(double step, const std::string& symmetry = "C1");

}  // namespace tessera
