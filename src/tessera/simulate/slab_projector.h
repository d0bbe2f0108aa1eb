// SPDX-License-Identifier: GPL-3.0-or-later
// Projection of a slab about the tilt axis y, and its adjoint. Planes of different y have nothing to do with each
// other, so everything works on strips: block_rows values of y at a time, kept innermost.
#pragma once

#include <cstdint>
#include <vector>

#include "tessera/volume/volume.h"

namespace tessera {

constexpr int64_t block_rows = 16;

// A strip of a volume, [z][x][block_rows], or of a set of images, [image][x][block_rows].
struct Strip {
  int64_t count = 0, width = 0;  // planes or images; pixels along x
  AlignedVector<float> values;
  Strip() = default;
  Strip(int64_t count, int64_t width) : count(count), width(width), values(count * width * block_rows, 0.0f) {}
  float* row(int64_t i, int64_t x) { return &values[(i * width + x) * block_rows]; }
  const float* row(int64_t i, int64_t x) const { return &values[(i * width + x) * block_rows]; }
};

// Copies rows first_y … of plane `z` of a volume (z, y, x) to [x][block_rows] at `out`; rows beyond the volume are 0.
void gather_plane(const Volume<float>& volume, int64_t z, int64_t first_y, float* out);
// The way back: writes the rows that the volume has.
void scatter_plane(const float* in, int64_t z, int64_t first_y, Volume<float>& volume);

// x_image = x cos θ + z sin θ about voxel width/2 of the volume, plane thickness/2 and pixel image_width/2 (optics/
// tilt_geometry.h). Each voxel is spread over eight pixels by LineKernel, so a projection is the band-limited sum of
// voxels along the beam, at any tilt, and its spectrum is the central slice of the volume's:
//   P(u) = V(u cos θ, u sin θ) K(u),  K the kernel's transform
// back_project is the exact transpose of project: the same weights, ⟨P x, y⟩ = ⟨x, Pᵀ y⟩ to rounding. Immutable,
// thread- safe. Cost 8 multiply-adds per voxel and tilt. Oracle: tests/reference/slab_loops.h.
class SlabProjector {
 public:
  SlabProjector(int64_t volume_width, int64_t thickness, int64_t image_width, std::vector<double> tilts);

  const std::vector<double>& tilts() const { return tilts_; }
  // images += P volume; volume is a strip of thickness × volume_width, images of tilts × image_width.
  void project(const Strip& volume, Strip& images) const;
  // volume += Pᵀ images.
  void back_project(const Strip& images, Strip& volume) const;

 private:
  int64_t volume_width_, thickness_, image_width_;
  std::vector<double> tilts_;
};

}  // namespace tessera
