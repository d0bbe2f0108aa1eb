// SPDX-License-Identifier: GPL-3.0-or-later
// A phantom of Gaussian blobs: turned, moved, projected and sampled in closed form, without transforms or
// interpolation.
#pragma once

#include <cmath>
#include <vector>

#include "tessera/base/units.h"
#include "tessera/so3/rotation.h"
#include "tessera/volume/volume.h"

namespace tessera::reference {

struct Blob {
  Vec3 centre;  // voxels from the centre voxel
  double sigma, height;
};

// Without any symmetry, so that a mirrored or transposed image cannot pass for it.
inline std::vector<Blob> asymmetric_phantom(double scale = 1) {
  std::vector<Blob> blobs{{{0, 0, 0}, 2.6, 1.0},  {{6, 1, -2}, 1.8, 1.5},   {{-3, 5, 3}, 2.0, 1.0},
                          {{1, -6, 5}, 1.6, 2.0}, {{-5, -2, -6}, 1.8, 0.8}, {{3, 4, 7}, 1.5, 1.7}};
  for (Blob& blob : blobs) blob.centre = blob.centre * scale, blob.sigma *= scale;
  return blobs;
}

inline std::vector<Blob> moved(std::vector<Blob> blobs, const Rotation& rotation, Vec3 shift) {
  for (Blob& blob : blobs) blob.centre = rotation * blob.centre + shift;
  return blobs;
}

inline Volume<float> blob_volume(const std::vector<Blob>& blobs, int64_t n) {
  Volume<float> out(Shape3::cube(n));
  for (int64_t z = 0, i = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x, ++i)
        for (const Blob& blob : blobs) {
          const Vec3 d =
              Vec3{static_cast<double>(x - n / 2), static_cast<double>(y - n / 2), static_cast<double>(z - n / 2)} -
              blob.centre;
          out[i] += static_cast<float>(blob.height * std::exp(-0.5 * d.dot(d) / (blob.sigma * blob.sigma)));
        }
  return out;
}

// Line integrals along the beam (z) after the specimen is turned by the tilt about +y: x_image = x cos θ + z sin θ.
inline Volume<float> blob_projection(const std::vector<Blob>& blobs, int64_t n, double tilt) {
  Volume<float> out({1, n, n});
  for (int64_t y = 0, i = 0; y < n; ++y)
    for (int64_t x = 0; x < n; ++x, ++i)
      for (const Blob& blob : blobs) {
        const double dx =
            static_cast<double>(x - n / 2) - (blob.centre.x * std::cos(tilt) + blob.centre.z * std::sin(tilt));
        const double dy = static_cast<double>(y - n / 2) - blob.centre.y;
        out[i] += static_cast<float>(blob.height * std::sqrt(2 * pi) * blob.sigma *
                                     std::exp(-0.5 * (dx * dx + dy * dy) / (blob.sigma * blob.sigma)));
      }
  return out;
}

}  // namespace tessera::reference
