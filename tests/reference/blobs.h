// SPDX-License-Identifier: GPL-3.0-or-later
// Gaussian blobs turned and moved in closed form, and a rotation written from Rodrigues' formula: the oracle of turning
// a volume.
#pragma once

#include <cmath>
#include <vector>

#include "tessera/base/vec3.h"
#include "tessera/volume/volume.h"

namespace tessera::reference {

struct GaussianBlob {
  Vec3 centre;  // voxels from the centre voxel
  double sigma, height;
};

// v cos a + (u × v) sin a + u (u·v)(1 − cos a): the active right-handed turn by a about the unit vector u.
inline Vec3 turned(Vec3 v, Vec3 axis, double angle) {
  return v * std::cos(angle) + axis.cross(v) * std::sin(angle) + axis * (axis.dot(v) * (1 - std::cos(angle)));
}

// Its matrix: columns are the turned axes.
inline Mat3 turn_matrix(Vec3 axis, double angle) {
  const Vec3 x = turned({1, 0, 0}, axis, angle), y = turned({0, 1, 0}, axis, angle), z = turned({0, 0, 1}, axis, angle);
  return {{{x.x, y.x, z.x}, {x.y, y.y, z.y}, {x.z, y.z, z.z}}};
}

// Four blobs of different weight, off any plane or axis of symmetry: neither hand nor order of axes can pass for
// another.
inline std::vector<GaussianBlob> handed_blobs(double sigma) {
  return {{{7, 1, -2}, sigma, 1.0}, {{-4, 6, 3}, sigma, 0.7}, {{1, -5, 7}, sigma, 0.4}, {{0, 1, -8}, sigma, 1.2}};
}

inline Volume<float> sampled(const std::vector<GaussianBlob>& blobs, Shape3 n) {
  Volume<float> out(n);
  for (int64_t z = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x) {
        double sum = 0;
        for (const GaussianBlob& blob : blobs) {
          const double dx = static_cast<double>(x - n.x / 2) - blob.centre.x,
                       dy = static_cast<double>(y - n.y / 2) - blob.centre.y,
                       dz = static_cast<double>(z - n.z / 2) - blob.centre.z;
          sum += blob.height * std::exp(-0.5 * (dx * dx + dy * dy + dz * dz) / (blob.sigma * blob.sigma));
        }
        out(z, y, x) = static_cast<float>(sum);
      }
  return out;
}

}  // namespace tessera::reference
