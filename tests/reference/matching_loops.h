// SPDX-License-Identifier: GPL-3.0-or-later
// The constrained correlation of Roseman (2003) by loops over the voxels: no transform, no block.
#pragma once

#include <cmath>
#include <vector>

#include "tessera/volume/volume.h"

namespace tessera::reference {

// At every voxel of `volume` (0 beyond its faces) the weighted correlation coefficient of the template with what lies
// under it, weights `mask`; template and mask are cubes of an even edge about their centre voxel. 0 where what lies
// under the mask varies less than `flat`.
inline Volume<double> constrained_correlation(const Volume<float>& volume, const Volume<float>& pattern,
                                              const Volume<float>& mask, double flat) {
  const Shape3 n = volume.shape();
  const int64_t box = pattern.shape().x, half = box / 2;
  double area = 0, template_sum = 0, template_square = 0;
  for (int64_t i = 0; i < mask.size(); ++i) {
    area += mask[i];
    template_sum += double{mask[i]} * pattern[i];
    template_square += double{mask[i]} * pattern[i] * pattern[i];
  }
  const double template_mean = template_sum / area;
  const double template_variance = template_square - template_sum * template_mean;
  Volume<double> out(n);
  for (int64_t z = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x) {
        double sum = 0, square = 0, cross = 0;
        for (int64_t k = 0, i = 0; k < box; ++k)
          for (int64_t j = 0; j < box; ++j)
            for (int64_t l = 0; l < box; ++l, ++i) {
              const int64_t pz = z + k - half, py = y + j - half, px = x + l - half;
              if (pz < 0 || py < 0 || px < 0 || pz >= n.z || py >= n.y || px >= n.x) continue;
              const double value = volume(pz, py, px);
              sum += mask[i] * value;
              square += mask[i] * value * value;
              cross += mask[i] * (pattern[i] - template_mean) * value;
            }
        const double variance = square - sum * sum / area;
        out(z, y, x) = variance > flat ? cross / std::sqrt(variance * template_variance) : 0;
      }
  return out;
}

}  // namespace tessera::reference
