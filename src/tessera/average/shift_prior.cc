// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/shift_prior.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"

namespace tessera {

double shift_log_prior(Vec3 shift, double deviation) {
  return -shift.dot(shift) / (2 * deviation * deviation) - 1.5 * std::log(2 * pi * deviation * deviation);
}

double shift_deviation(const std::vector<std::vector<WeightedPose>>& poses, double least) {
  double square = 0;
  for (const auto& one : poses)
    for (const WeightedPose& p : one) square += p.probability * p.pose.shift_voxels.dot(p.pose.shift_voxels);
  return std::max(least, std::sqrt(square / (3 * std::max<double>(1, static_cast<double>(poses.size())))));
}

}  // namespace tessera
