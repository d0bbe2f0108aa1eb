// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/rescale.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

// weight[x_new · n + x_old]: (1/n) Σ_{|k| ≤ edge} cos(2πk d/n), d the distance in old voxels; 0 outside the old box.
std::vector<float> interpolation(int64_t n, int64_t box, double scale) {
  const auto reach = static_cast<int64_t>(std::floor(static_cast<double>(n) / (2 * scale) + 1e-9));
  const int64_t edge = std::min((n - 1) / 2, reach);
  std::vector<float> out(box * n);
  for (int64_t to = 0; to < box; ++to) {
    const double place = static_cast<double>(to - box / 2) * scale + static_cast<double>(n / 2);
    if (place < -0.5 || place > static_cast<double>(n) - 0.5) continue;
    for (int64_t from = 0; from < n; ++from) {
      // The Dirichlet kernel in closed form, sin((2e+1)πd/n)/(n sin(πd/n)); its limit where the sine vanishes.
      const double angle = pi * (place - static_cast<double>(from)) / static_cast<double>(n), sine = std::sin(angle);
      const double terms = static_cast<double>(2 * edge + 1);
      const double sum = std::abs(sine) < 1e-9 ? terms : std::sin(terms * angle) / sine;
      out[to * n + from] = static_cast<float>(sum / static_cast<double>(n));
    }
  }
  return out;
}

// (z, y, x) → (y, x, z') with the last axis of the result resampled from the first of the input. Three times over all
// axes have been resampled and stand where they were.
Volume<float> resample_first_axis(const Volume<float>& in, const std::vector<float>& weight, int64_t box) {
  const Shape3 n = in.shape();
  Volume<float> out({n.y, n.x, box});
  std::vector<double> plane(n.x);
  for (int64_t y = 0; y < n.y; ++y)
    for (int64_t to = 0; to < box; ++to) {
      std::fill(plane.begin(), plane.end(), 0.0);
      for (int64_t z = 0; z < n.z; ++z) {
        const double w = weight[to * n.z + z];
        const float* row = &in(z, y, 0);
        for (int64_t x = 0; x < n.x; ++x) plane[x] += w * row[x];
      }
      for (int64_t x = 0; x < n.x; ++x) out(y, x, to) = static_cast<float>(plane[x]);
    }
  return out;
}

}  // namespace

Volume<float> rescaled(const Volume<float>& map, double voxel_size_A, int64_t box, double new_voxel_size_A) {
  if (!map.shape().is_cube() || map.empty()) throw InternalError("rescaling of a volume that is not a cube");
  if (!(voxel_size_A > 0) || !(new_voxel_size_A > 0) || box < 1)
    throw InternalError("rescaling to or from a voxel size or box that is not positive");
  if (voxel_size_A == new_voxel_size_A) return resize_volume(map, Shape3::cube(box));
  const std::vector<float> weight = interpolation(map.shape().x, box, new_voxel_size_A / voxel_size_A);
  Volume<float> out = map;
  for (int axis = 0; axis < 3; ++axis) out = resample_first_axis(out, weight, box);
  return out;
}

}  // namespace tessera
