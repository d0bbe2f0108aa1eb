// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/state.h"

#include <algorithm>

namespace tessera {

double AverageState::largest_mask_radius() const {
  double out = 0;
  for (const ClassState& one : classes) out = std::max(out, one.mask_radius);
  return out;
}

std::vector<std::vector<WeightedPose>> poses_of(const std::vector<Assignment>& assignments) {
  std::vector<std::vector<WeightedPose>> out;
  for (const Assignment& a : assignments) out.push_back(a.poses);
  return out;
}

std::vector<double> occupancies(const std::vector<Assignment>& assignments, int classes) {
  std::vector<double> out(classes);
  for (const Assignment& a : assignments)
    for (const WeightedPose& p : a.poses) out[p.class_index] += p.probability;
  for (double& share : out) share /= std::max<double>(1, static_cast<double>(assignments.size()));
  return out;
}

}  // namespace tessera
