// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/heat_peaks.h"

namespace tessera {

HeatPeaks::HeatPeaks(Shape3 shape, std::vector<double> radii_voxels)
    : radii_voxels_(std::move(radii_voxels)), heat_(shape), kinds_(shape) {}

void HeatPeaks::take(const std::vector<float>& heat, const Region& block, const Region& told) {
  const Shape3 shape = block.shape();
  const int64_t map = shape.count();
  for (int64_t z = told.z0; z < told.z1; ++z)
    for (int64_t y = told.y0; y < told.y1; ++y)
      for (int64_t x = told.x0; x < told.x1; ++x) {
        const float* all = heat.data() + ((z - block.z0) * shape.y + y - block.y0) * shape.x + x - block.x0;
        size_t hottest = 0;
        for (size_t kind = 1; kind < radii_voxels_.size(); ++kind)
          if (all[(kind + 1) * map] > all[(hottest + 1) * map]) hottest = kind;
        heat_(z, y, x) = *all;
        kinds_(z, y, x) = static_cast<uint8_t>(hottest);
      }
}

std::vector<Peak> HeatPeaks::peaks(Threads& threads) const {
  std::vector<Peak> all = find_peaks(heat_, {.threshold = static_cast<float>(least_heat)}, threads).peaks;
  for (Peak& peak : all) {
    peak.label = kinds_[peak.voxel];
    peak.radius_voxels = static_cast<float>(radii_voxels_[static_cast<size_t>(peak.label)]);
  }
  return suppress_neighbours(std::move(all), {0, heat_peak_share});
}

}  // namespace tessera
