// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/slab_projector.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/simulate/line_kernel.h"

namespace tessera {
namespace {

// Images with guard pixels on either side need no test of bounds.
constexpr int64_t guard = LineKernel::width;

void spread(const float* voxel, const float (&weights)[LineKernel::width], float* pixels) {
  for (int tap = 0; tap < LineKernel::width; ++tap)
    for (int64_t r = 0; r < block_rows; ++r) pixels[tap * block_rows + r] += weights[tap] * voxel[r];
}

void collect(const float* pixels, const float (&weights)[LineKernel::width], float* voxel) {
  float sum[block_rows];
  for (int64_t r = 0; r < block_rows; ++r) sum[r] = voxel[r];
  for (int tap = 0; tap < LineKernel::width; ++tap)
    for (int64_t r = 0; r < block_rows; ++r) sum[r] += weights[tap] * pixels[tap * block_rows + r];
  for (int64_t r = 0; r < block_rows; ++r) voxel[r] = sum[r];
}

// Calls visit(x, first pixel tapped, weights) for the voxels of plane z whose eight pixels touch the image.
template <typename Visit>
void for_each_tap(int64_t width, double z, int64_t image_width, double tilt, Visit&& visit) {
  const LineKernel& kernel = LineKernel::instance();
  const double cosine = std::cos(tilt), start = z * std::sin(tilt) + static_cast<double>(image_width / 2) -
                                                static_cast<double>(width / 2) * cosine;
  for (int64_t x = 0; x < width; ++x) {
    const double at = start + static_cast<double>(x) * cosine, floor = std::floor(at);
    const int64_t first = static_cast<int64_t>(floor) - 3;
    if (first + LineKernel::width <= 0 || first >= image_width) continue;
    float weights[LineKernel::width];
    kernel.weights(static_cast<float>(at - floor), weights);
    visit(x, first, weights);
  }
}

}  // namespace

void gather_plane(const Volume<float>& volume, int64_t z, int64_t first_y, float* out) {
  const Shape3 shape = volume.shape();
  const int64_t rows = std::min(block_rows, shape.y - first_y);
  if (rows < block_rows) std::fill(out, out + shape.x * block_rows, 0.0f);
  constexpr int64_t tile = 16;
  for (int64_t x0 = 0; x0 < shape.x; x0 += tile) {
    const int64_t columns = std::min(tile, shape.x - x0);
    for (int64_t r = 0; r < rows; ++r) {
      const float* from = &volume(z, first_y + r, x0);
      for (int64_t x = 0; x < columns; ++x) out[(x0 + x) * block_rows + r] = from[x];
    }
  }
}

void scatter_plane(const float* in, int64_t z, int64_t first_y, Volume<float>& volume) {
  const Shape3 shape = volume.shape();
  const int64_t rows = std::min(block_rows, shape.y - first_y);
  for (int64_t r = 0; r < rows; ++r) {
    float* to = &volume(z, first_y + r, 0);
    for (int64_t x = 0; x < shape.x; ++x) to[x] = in[x * block_rows + r];
  }
}

SlabProjector::SlabProjector(int64_t volume_width, int64_t thickness, int64_t image_width, std::vector<double> tilts)
    : volume_width_(volume_width), thickness_(thickness), image_width_(image_width), tilts_(std::move(tilts)) {
  if (volume_width < 1 || thickness < 1 || image_width < 1) throw InternalError("projection of an empty slab");
}

void SlabProjector::project(const Strip& volume, Strip& images) const {
  if (volume.count != thickness_ || volume.width != volume_width_ || images.width != image_width_ ||
      images.count != static_cast<int64_t>(tilts_.size()))
    throw InternalError("strips of another shape than the projector's");
  const int64_t wide = image_width_ + 2 * guard;
  AlignedVector<float> guarded(wide * block_rows);
  for (size_t j = 0; j < tilts_.size(); ++j) {
    std::fill(guarded.begin(), guarded.end(), 0.0f);
    for (int64_t z = 0; z < thickness_; ++z)
      for_each_tap(volume_width_, static_cast<double>(z - thickness_ / 2), image_width_, tilts_[j],
                   [&](int64_t x, int64_t first, const float(&weights)[LineKernel::width]) {
                     spread(volume.row(z, x), weights, &guarded[(first + guard) * block_rows]);
                   });
    float* out = images.row(static_cast<int64_t>(j), 0);
    for (int64_t i = 0; i < image_width_ * block_rows; ++i) out[i] += guarded[guard * block_rows + i];
  }
}

void SlabProjector::back_project(const Strip& images, Strip& volume) const {
  if (volume.count != thickness_ || volume.width != volume_width_ || images.width != image_width_ ||
      images.count != static_cast<int64_t>(tilts_.size()))
    throw InternalError("strips of another shape than the projector's");
  const int64_t wide = image_width_ + 2 * guard, count = static_cast<int64_t>(tilts_.size());
  AlignedVector<float> guarded(count * wide * block_rows, 0.0f);
  for (int64_t j = 0; j < count; ++j)
    std::copy_n(images.row(j, 0), image_width_ * block_rows, &guarded[(j * wide + guard) * block_rows]);
  for (int64_t z = 0; z < thickness_; ++z)
    for (int64_t j = 0; j < count; ++j)
      for_each_tap(volume_width_, static_cast<double>(z - thickness_ / 2), image_width_, tilts_[j],
                   [&](int64_t x, int64_t first, const float(&weights)[LineKernel::width]) {
                     collect(&guarded[(j * wide + first + guard) * block_rows], weights, volume.row(z, x));
                   });
}

}  // namespace tessera
