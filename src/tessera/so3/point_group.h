// SPDX-License-Identifier: GPL-3.0-or-later
// The rotations of the chiral point groups.
#pragma once

#include <string>
#include <vector>

#include "tessera/so3/rotation.h"

namespace tessera {

// Cn: n-fold about z. Dn: the same and a 2-fold about x. T: 2-folds along x, y, z and 3-folds along (±1, ±1, ±1).
// O: 4-folds along x, y, z. I: 2-folds along x, y, z, 5-folds along (±φ, 0, 1) cyclic (RELION's I2 is this group).
// The identity comes first. UserError on another name.
std::vector<Rotation> point_group(const std::string& name);

}  // namespace tessera
