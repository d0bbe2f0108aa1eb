// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/tomogram.h"

#include <algorithm>

namespace tessera {

Tomogram tomogram_of(const Volume<float>& voxels, double voxel_size_A) {
  return {voxels.shape(), voxel_size_A, [&voxels](int64_t z0, int64_t y0, int64_t x0, Shape3 shape) {
            Volume<float> out(shape);
            for (int64_t z = 0; z < shape.z; ++z)
              for (int64_t y = 0; y < shape.y; ++y) {
                const float* row = &voxels(z0 + z, y0 + y, x0);
                std::copy(row, row + shape.x, &out(z, y, 0));
              }
            return out;
          }};
}

TomogramBox read_box(const Tomogram& tomogram, int64_t z, int64_t y, int64_t x, Shape3 shape, float fill) {
  TomogramBox out;
  out.voxels = Volume<float>(shape, fill);
  const auto clip = [](int64_t at, int64_t length, int64_t size, int64_t& begin, int64_t& end) {
    begin = std::clamp<int64_t>(-at, 0, length);
    end = std::clamp<int64_t>(size - at, begin, length);
  };
  clip(z, shape.z, tomogram.shape.z, out.z0, out.z1);
  clip(y, shape.y, tomogram.shape.y, out.y0, out.y1);
  clip(x, shape.x, tomogram.shape.x, out.x0, out.x1);
  const Shape3 inside{out.z1 - out.z0, out.y1 - out.y0, out.x1 - out.x0};
  if (inside.count() == 0) return out;
  const Volume<float> part = tomogram.read(z + out.z0, y + out.y0, x + out.x0, inside);
  for (int64_t k = 0; k < inside.z; ++k)
    for (int64_t j = 0; j < inside.y; ++j)
      std::copy(&part(k, j, 0), &part(k, j, 0) + inside.x, &out.voxels(out.z0 + k, out.y0 + j, out.x0));
  return out;
}

}  // namespace tessera
