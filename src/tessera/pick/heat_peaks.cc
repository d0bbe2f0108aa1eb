// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/heat_peaks.h"

#include <array>

namespace tessera {

HeatPeaks::HeatPeaks(Shape3 shape, std::vector<double> radii_voxels)
    : shape_(shape),
      radii_voxels_(std::move(radii_voxels)),
      scan_(shape, PeakOptions{.threshold = static_cast<float>(least_heat)}),
      kinds_(static_cast<size_t>(shape.count())) {}

void HeatPeaks::take(int64_t z, const std::vector<float>& plane, Threads& threads) {
  const int64_t count = shape_.y * shape_.x;
  for (int64_t v = 0; v < count; ++v) {
    size_t hottest = 0;
    for (size_t kind = 1; kind < radii_voxels_.size(); ++kind)
      if (plane[(kind + 1) * count + v] > plane[(hottest + 1) * count + v]) hottest = kind;
    kinds_[z * count + v] = static_cast<uint8_t>(hottest);
  }
  if (planes_.size() == 3) planes_.erase(planes_.begin());
  planes_.emplace_back(plane.begin(), plane.begin() + count);
  if (planes_.size() < 3) return;
  const std::array<const float*, 3> of_all = {planes_[0].data(), planes_[1].data(), planes_[2].data()};
  scan_.add_planes(of_all, z - 1, threads);
}

std::vector<Peak> HeatPeaks::peaks() {
  std::vector<Peak> all = scan_.take().peaks;
  for (Peak& peak : all) {
    peak.label = kinds_[static_cast<size_t>(peak.voxel)];
    peak.radius_voxels = static_cast<float>(radii_voxels_[static_cast<size_t>(peak.label)]);
  }
  return suppress_neighbours(std::move(all), {0, heat_peak_share});
}

}  // namespace tessera
