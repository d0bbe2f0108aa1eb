// SPDX-License-Identifier: GPL-3.0-or-later
// Projection of a slab and its inversion written out pixel by pixel: the oracles of simulate/slab_projector.h,
// layered_projection.h and reconstruct_tomogram.h.
#pragma once

#include <cmath>
#include <complex>
#include <vector>

#include "tessera/base/units.h"
#include "tessera/volume/volume.h"

namespace tessera::reference {

// sinc under a Kaiser window of width 8 and shape 4, not normalised.
inline double window_sinc(double t) {
  const double inside = 1 - t * t / 16;
  if (inside <= 0) return 0;
  return (t == 0 ? 1 : std::sin(pi * t) / (pi * t)) * std::cyl_bessel_i(0, 4.0 * std::sqrt(inside));
}

// The share of a voxel at image position `at` that pixel `pixel` gets; the shares of all pixels sum to 1.
inline double pixel_share(double at, int64_t pixel) {
  double sum = 0;
  const auto floor = static_cast<int64_t>(std::floor(at));
  for (int64_t p = floor - 3; p <= floor + 4; ++p) sum += window_sinc(static_cast<double>(p) - at);
  return pixel < floor - 3 || pixel > floor + 4 ? 0 : window_sinc(static_cast<double>(pixel) - at) / sum;
}

// Row y of the projection at `tilt`, pixels first_pixel … first_pixel + pixels − 1. Voxels outside 0 … width − 1 are
// those of the box repeated, from −repeats·width to (repeats + 1)·width. `share(height)` weighs a voxel by its height.
template <typename Share>
std::vector<double> slab_projection(const Volume<float>& volume, int64_t y, double tilt, int64_t first_pixel,
                                    int64_t pixels, int64_t repeats, Share&& share) {
  const Shape3 n = volume.shape();
  std::vector<double> out(pixels, 0.0);
  for (int64_t z = 0; z < n.z; ++z)
    for (int64_t x = -repeats * n.x; x < (repeats + 1) * n.x; ++x) {
      const auto dx = static_cast<double>(x - n.x / 2), dz = static_cast<double>(z - n.z / 2);
      const double at = dx * std::cos(tilt) + dz * std::sin(tilt) + static_cast<double>(n.x / 2);
      const double weight = share(-dx * std::sin(tilt) + dz * std::cos(tilt));
      for (int64_t p = 0; p < pixels; ++p) {
        if (std::abs(static_cast<double>(p + first_pixel) - at) > 5) continue;  // no share, and a slow one to compute
        out[p] += weight * pixel_share(at, p + first_pixel) * volume(z, y, ((x % n.x) + n.x) % n.x);
      }
    }
  return out;
}

// Σ_j Σ_u w_j(|u|) F_j(u) exp(2πi u (x cos θ_j + z sin θ_j)) / length over the components of padded rows, F about pixel
// `centre`; x, z from the centre voxel.
inline double inversion_sum(const std::vector<std::vector<float>>& padded_rows, int64_t centre,
                            const std::vector<std::vector<float>>& filters, const std::vector<double>& tilts, double x,
                            double z) {
  std::complex<double> sum = 0;
  for (size_t j = 0; j < tilts.size(); ++j) {
    const auto length = static_cast<int64_t>(padded_rows[j].size());
    for (int64_t u = -length / 2 + 1; u < length / 2; ++u) {
      std::complex<double> component = 0;
      const double turn = 2 * pi * static_cast<double>(u) / static_cast<double>(length);
      for (int64_t p = 0; p < length; ++p)
        component += std::polar(static_cast<double>(padded_rows[j][p]), -turn * static_cast<double>(p - centre));
      const double place = x * std::cos(tilts[j]) + z * std::sin(tilts[j]);
      sum += static_cast<double>(filters[j][std::abs(u)]) / static_cast<double>(length) * component *
             std::polar(1.0, turn * place);
    }
  }
  return sum.real();
}

}  // namespace tessera::reference
