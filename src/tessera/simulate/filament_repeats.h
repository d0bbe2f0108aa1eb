// SPDX-License-Identifier: GPL-3.0-or-later
// Repeats of a structure along a bent helix axis: actin, microtubules, whatever a rise and a twist describe.
#pragma once

#include <span>
#include <vector>

#include "tessera/simulate/pose_fit.h"

namespace tessera {

struct HelicalRepeats {
  double rise_A = 0;     // along the axis, from one repeat to the next
  double twist_rad = 0;  // about it, right-handed
  Vec3 offset_A;         // of the centre of mass from the helix axis, in the structure's frame, whose z is the axis
};

// Repeats along the Catmull–Rom curve through the nodes, the first at its beginning: scene_from_ref = F(s)·Rz(i·twist),
// position = c(s) + scene_from_ref·offset, s = i·rise, F the frame carried along the curve without turning about it
// (Bishop 1975), z on the tangent. UserError: fewer than two nodes, a rise that is not positive.
std::vector<BodyPose> helical_repeats(std::span<const Vec3> nodes_A, const HelicalRepeats& helix);

}  // namespace tessera
