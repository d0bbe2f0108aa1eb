// SPDX-License-Identifier: GPL-3.0-or-later
// The short descriptions that built-in structures grow from.
#pragma once

#include <vector>

#include "tessera/base/vec3.h"
#include "tessera/simulate/builtin.h"

namespace tessera {

// All points within `radius` of a segment, in Å.
struct Capsule {
  Vec3 from, to;
  double radius;
};

// One asymmetric unit as a union of capsules in the frame of the point group's axes. The capsules' radii are scaled
// together to give the unit its mass; only their ratios count. Where symmetric copies overlap, a point goes to the
// nearest.
struct BuiltinShape {
  BuiltinInfo info;
  std::vector<Capsule> unit;
};

const std::vector<BuiltinShape>& builtin_shapes();

}  // namespace tessera
