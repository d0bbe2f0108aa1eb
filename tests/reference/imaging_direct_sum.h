// SPDX-License-Identifier: GPL-3.0-or-later
// Fourier sums at arbitrary frequencies, term by term: the oracles of central slices and of the reconstruction.
#pragma once

#include <cmath>
#include <complex>

#include "tessera/base/units.h"
#include "tessera/base/vec3.h"
#include "tessera/volume/volume.h"

namespace tessera::reference {

// Σ f(x) exp(−2πi k·(x − c)/2n), k in units of 1/2n.
inline std::complex<double> fourier_sum(const Volume<float>& volume, Vec3 k) {
  const int64_t n = volume.shape().x;
  std::complex<double> sum = 0;
  for (int64_t z = 0, i = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x, ++i) {
        const double dot = k.x * static_cast<double>(x - n / 2) + k.y * static_cast<double>(y - n / 2) +
                           k.z * static_cast<double>(z - n / 2);
        sum += static_cast<double>(volume[i]) * std::polar(1.0, -pi * dot / static_cast<double>(n));
      }
  return sum;
}

// The value at `voxel` (offsets from the centre voxel) of Σ_j Σ_uv w_j(u) F_j(u, v) exp(2πi k_j·x / 2n) / 2n³ over the
// whole plane of image components: simulate/reconstruct.h written out. component(j, u, v) returns F_j for any sign of
// u, v.
template <typename Plan, typename Component>
double backprojection_sum(const Plan& plan, Vec3 voxel, Component&& component) {
  const auto n = static_cast<double>(plan.box());
  const auto edge = static_cast<int64_t>(plan.radius());
  std::complex<double> sum = 0;
  for (size_t j = 0; j < plan.tilts().size(); ++j)
    for (int64_t v = -edge; v <= edge; ++v)
      for (int64_t u = -edge; u <= edge; ++u) {
        if (static_cast<double>(u * u + v * v) >= plan.radius() * plan.radius()) continue;
        const double tilt = plan.tilts()[j], fu = static_cast<double>(u), fv = static_cast<double>(v);
        const double dot = fu * std::cos(tilt) * voxel.x + fv * voxel.y + fu * std::sin(tilt) * voxel.z;
        sum += plan.sample_weight(j, u) * std::complex<double>(component(j, u, v)) * std::polar(1.0, pi * dot / n);
      }
  return sum.real() / (2 * n * n * n);
}

}  // namespace tessera::reference
