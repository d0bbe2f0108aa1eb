// SPDX-License-Identifier: GPL-3.0-or-later
// A tomogram of which boxes can be had, however large it is.
#pragma once

#include <functional>
#include <string>

#include "tessera/volume/volume.h"

namespace tessera {

struct Tomogram {
  Shape3 shape;
  double voxel_size_A = 1;
  // The voxels from (z, y, x) on, all inside the tomogram. Called from several threads.
  std::function<Volume<float>(int64_t z, int64_t y, int64_t x, Shape3 shape)> read;
};

// One that lies in memory, and must outlive what is returned.
Tomogram tomogram_of(const Volume<float>& voxels, double voxel_size_A);
inline Tomogram tomogram_of(const Map& map) {
  return tomogram_of(map.voxels, map.voxel_size_A);
}

// A box of any place, part or all of it beyond the border.
struct TomogramBox {
  Volume<float> voxels;                                    // `fill` outside the tomogram
  int64_t z0 = 0, z1 = 0, y0 = 0, y1 = 0, x0 = 0, x1 = 0;  // the part [0, 1) of each axis of `voxels` that is inside
  int64_t inside() const { return (z1 - z0) * (y1 - y0) * (x1 - x0); }
};
TomogramBox read_box(const Tomogram& tomogram, int64_t z, int64_t y, int64_t x, Shape3 shape, float fill = 0);

// The same on another voxel size, sampled as it is read: shape round(n · old/new), the centre voxel (n/2) staying the
// centre. Linear between voxels where the new ones are smaller, weighted by a tent as wide as two new voxels where they
// are larger; beyond the border the border goes on. UserError: fewer than one voxel is left along an axis.
Tomogram resampled(const Tomogram& tomogram, double voxel_size_A);

// factor · (value − offset), as it is read.
Tomogram scaled(const Tomogram& tomogram, double offset, double factor);

// The voxels of a part, counted from its own corner; it must lie inside.
struct Region {
  int64_t z0 = 0, z1 = 0, y0 = 0, y1 = 0, x0 = 0, x1 = 0;  // half-open
  Shape3 shape() const { return {z1 - z0, y1 - y0, x1 - x0}; }
  bool holds(int64_t z, int64_t y, int64_t x) const {
    return z >= z0 && z < z1 && y >= y0 && y < y1 && x >= x0 && x < x1;
  }
  // The voxel nearest to a place, in voxels.
  bool holds(Vec3 at) const;
  bool operator==(const Region&) const = default;
};
inline Region whole_of(Shape3 shape) {
  return {0, shape.z, 0, shape.y, 0, shape.x};
}
Tomogram part_of(const Tomogram& tomogram, const Region& region);

// Mean and deviation of all voxels but those beyond five deviations (gold, hot pixels), read plane by plane twice.
// IoError naming `source`: voxels that are not finite, or all the same.
struct VoxelSpread {
  double mean = 0, deviation = 0;
};
VoxelSpread voxel_spread(const Tomogram& tomogram, const std::string& source);

}  // namespace tessera
