// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/filament_repeats.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

constexpr int points_a_segment = 32;

// The curve as many short straight lines; its ends are extended straight.
std::vector<Vec3> curve(std::span<const Vec3> nodes) {
  const auto last = static_cast<int64_t>(nodes.size()) - 1;
  const auto node = [&](int64_t i) {
    if (i < 0) return nodes[0] * 2 - nodes[1];
    if (i > last) return nodes[last] * 2 - nodes[last - 1];
    return nodes[i];
  };
  std::vector<Vec3> out;
  for (int64_t i = 0; i < last; ++i) {
    const Vec3 a = node(i - 1), b = node(i), c = node(i + 1), d = node(i + 2);
    for (int k = 0; k < points_a_segment; ++k) {
      const double t = static_cast<double>(k) / points_a_segment, t2 = t * t, t3 = t2 * t;
      out.push_back(b + ((c - a) * t + (a * 2 - b * 5 + c * 4 - d) * t2 + (b * 3 - a - c * 3 + d) * t3) * 0.5);
    }
  }
  out.push_back(nodes[last]);
  return out;
}

Rotation frame_on(Vec3 tangent) {
  const Vec3 z = tangent * (1 / tangent.norm());
  const Vec3 across = std::abs(z.x) < 0.7 ? Vec3{1, 0, 0} : Vec3{0, 1, 0};
  Vec3 y = z.cross(across);
  y = y * (1 / y.norm());
  const Vec3 x = y.cross(z);
  return Rotation::from_matrix({{{x.x, y.x, z.x}, {x.y, y.y, z.y}, {x.z, y.z, z.z}}});
}

// The smallest turn that puts the frame's z on the new tangent.
Rotation carried(const Rotation& frame, Vec3 tangent) {
  const Vec3 from = frame * Vec3{0, 0, 1}, axis = from.cross(tangent);
  if (axis.norm() < 1e-12 * tangent.norm()) return frame;
  return Rotation::about_axis(axis, std::atan2(axis.norm(), from.dot(tangent))) * frame;
}

}  // namespace

std::vector<BodyPose> helical_repeats(std::span<const Vec3> nodes_A, const HelicalRepeats& helix) {
  if (nodes_A.size() < 2) throw UserError("a filament needs at least two nodes");
  if (!(helix.rise_A > 0))
    throw UserError(fmt::format("the rise of a helix must be positive, {} Å was given", helix.rise_A));
  const std::vector<Vec3> points = curve(nodes_A);
  Rotation frame = frame_on(points[1] - points[0]);
  std::vector<BodyPose> out;
  double passed = 0;  // length of the curve up to the line
  for (size_t i = 0; i + 1 < points.size(); ++i) {
    const Vec3 line = points[i + 1] - points[i];
    const double length = line.norm();
    if (length <= 0) continue;
    frame = carried(frame, line);
    // The last line takes the repeat that ends on it, but for rounding.
    const double end = passed + length + (i + 2 == points.size() ? 1e-6 * helix.rise_A : 0);
    while (static_cast<double>(out.size()) * helix.rise_A < end) {
      const double at = static_cast<double>(out.size()) * helix.rise_A - passed;
      BodyPose pose;
      pose.scene_from_ref = frame * Rotation::about_axis({0, 0, 1}, helix.twist_rad * static_cast<double>(out.size()));
      pose.position_A = points[i] + line * (at / length) + pose.scene_from_ref * helix.offset_A;
      out.push_back(pose);
    }
    passed += length;
  }
  return out;
}

}  // namespace tessera
