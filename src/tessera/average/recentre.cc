// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/recentre.h"

namespace tessera {

Vec3 mean_offset(const std::vector<Assignment>& assignments) {
  Vec3 sum;
  for (const Assignment& assignment : assignments)
    for (const WeightedPose& p : assignment.poses)
      sum += (p.pose.particle_from_ref.inverse() * p.pose.shift_voxels) * p.probability;
  return assignments.empty() ? sum : sum * (1.0 / static_cast<double>(assignments.size()));
}

void move_reference(std::vector<Assignment>& assignments, Vec3 by, double max_shift) {
  for (Assignment& assignment : assignments)
    for (WeightedPose& p : assignment.poses) {
      Vec3& shift = p.pose.shift_voxels;
      shift = shift - p.pose.particle_from_ref * by;
      const double length = shift.norm();
      if (length > max_shift) shift = shift * (max_shift / length);
    }
}

}  // namespace tessera
