// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/recentre.h"

namespace tessera {

Vec3 mean_offset(const std::vector<Assignment>& assignments, int class_index) {
  Vec3 sum;
  double weight = 0;
  for (const Assignment& assignment : assignments)
    for (const WeightedPose& p : assignment.poses) {
      if (p.class_index != class_index) continue;
      sum += (p.pose.particle_from_ref.inverse() * p.pose.shift_voxels) * p.probability;
      weight += p.probability;
    }
  return weight > 0 ? sum * (1.0 / weight) : sum;
}

void move_reference(std::vector<Assignment>& assignments, int class_index, Vec3 by, double max_shift) {
  for (Assignment& assignment : assignments)
    for (WeightedPose& p : assignment.poses) {
      if (p.class_index != class_index) continue;
      Vec3& shift = p.pose.shift_voxels;
      shift = shift - p.pose.particle_from_ref * by;
      const double length = shift.norm();
      if (length > max_shift) shift = shift * (max_shift / length);
    }
}

}  // namespace tessera
