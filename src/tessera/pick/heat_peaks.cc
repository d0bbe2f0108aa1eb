// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/heat_peaks.h"

#include <array>

namespace tessera {

HeatPeaks::HeatPeaks(Shape3 shape, std::vector<double> radii_voxels)
    : shape_(shape), radii_voxels_(std::move(radii_voxels)) {
  PeakOptions options;
  options.threshold = static_cast<float>(least_heat);
  for (size_t k = 0; k < radii_voxels_.size(); ++k) scans_.emplace_back(shape_, options);
}

void HeatPeaks::take(int64_t z, const std::vector<float>& plane, Threads& threads) {
  if (planes_.size() == 3) planes_.erase(planes_.begin());
  planes_.push_back(plane);
  if (planes_.size() < 3) return;
  const int64_t count = shape_.y * shape_.x;
  for (size_t k = 0; k < scans_.size(); ++k) {
    const auto at = static_cast<int64_t>(k) * count;
    const std::array<const float*, 3> of_map = {planes_[0].data() + at, planes_[1].data() + at, planes_[2].data() + at};
    scans_[k].add_planes(of_map, z - 1, threads);
  }
}

std::vector<Peak> HeatPeaks::peaks() {
  std::vector<Peak> all;
  for (size_t k = 0; k < scans_.size(); ++k)
    for (Peak peak : scans_[k].take().peaks) {
      peak.label = static_cast<int32_t>(k);
      peak.radius_voxels = static_cast<float>(radii_voxels_[k]);
      all.push_back(peak);
    }
  return suppress_neighbours(std::move(all), {0, heat_peak_share});
}

}  // namespace tessera
