// SPDX-License-Identifier: GPL-3.0-or-later
// The rotations of the chiral point groups.
#pragma once

#include <string>
#include <vector>

#include "tessera/so3/rotation.h"

namespace tessera {

// In the axes of RELION 3.1 (tests/interop/symmetry_test.sh compares them all). Cn: n-fold about z. Dn: the same and a
// 2-fold about x. T: a 3-fold about z, a 2-fold along (0, √2, 1). O: 4-folds along x, y, z. I or I2: 2-folds along
// x, y, z, 5-folds along (0, φ, ±1) cyclic; I1: 5-folds along (φ, 0, ±1) cyclic; I3, I4: a 5-fold about z, a 2-fold
// along (1, 0, −φ) or (1, 0, φ). The identity comes first. UserError on another name.
std::vector<Rotation> point_group(const std::string& name);

}  // namespace tessera
