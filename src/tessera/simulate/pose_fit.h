// SPDX-License-Identifier: GPL-3.0-or-later
// The pose of a body from where its balls are.
#pragma once

#include <span>

#include "tessera/base/vec3.h"
#include "tessera/so3/rotation.h"

namespace tessera {

// x_scene = scene_from_ref · x_ref + position_A.
struct BodyPose {
  Rotation scene_from_ref;
  Vec3 position_A;
  double rms_A = 0;  // of what is left at the points
};

// Least squares over all points (Kabsch 1976); a proper rotation even where a mirror image fits better. One point, or
// points on one line, leave a turn free: then the smallest rotation that fits. InternalError: no points, counts that
// differ.
BodyPose fit_pose(std::span<const Vec3> reference, std::span<const Vec3> scene);

// The rule of [P] 2.3 from three points A, B, C not on a line: the smallest rotation that turns A₀B₀ to A₁B₁, then the
// one about A₁B₁ that brings C over; A₀ comes to lie on A₁. Exact for a body that stayed rigid.
BodyPose three_point_pose(const std::array<Vec3, 3>& reference, const std::array<Vec3, 3>& scene);

// The three of these points that span the largest triangle (the first such, in order). Cost n³.
std::array<int32_t, 3> widest_triangle(std::span<const Vec3> points);

}  // namespace tessera
