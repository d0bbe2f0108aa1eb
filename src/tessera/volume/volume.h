// SPDX-License-Identifier: GPL-3.0-or-later
// A dense array in (z, y, x) order, and a density map: an array with a voxel size and an origin.
#pragma once

#include "tessera/base/shape.h"
#include "tessera/base/vec3.h"

namespace tessera {

template <typename T>
class Volume {
 public:
  using value_type = T;
  Volume() = default;
  explicit Volume(Shape3 shape, T fill = T()) : shape_(shape), values_(shape.count(), fill) {}

  Shape3 shape() const { return shape_; }
  int64_t size() const { return static_cast<int64_t>(values_.size()); }
  bool empty() const { return values_.empty(); }
  T& operator()(int64_t z, int64_t y, int64_t x) { return values_[(z * shape_.y + y) * shape_.x + x]; }
  const T& operator()(int64_t z, int64_t y, int64_t x) const { return values_[(z * shape_.y + y) * shape_.x + x]; }
  T& operator[](int64_t i) { return values_[i]; }
  const T& operator[](int64_t i) const { return values_[i]; }
  T* data() { return values_.data(); }
  const T* data() const { return values_.data(); }
  auto begin() { return values_.begin(); }
  auto end() { return values_.end(); }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

 private:
  Shape3 shape_;
  AlignedVector<T> values_;
};

// The only place that converts between array indices and Å. Voxel centres lie at integers; the centre of an axis of n
// voxels is voxel n/2 (integer division), and that voxel is the physical point `centre_A`.
struct Grid {
  Shape3 shape;
  double voxel_size_A = 1;
  Vec3 centre_A{};

  Vec3 position_A(double z, double y, double x) const {
    return {(x - shape.x / 2) * voxel_size_A + centre_A.x, (y - shape.y / 2) * voxel_size_A + centre_A.y,
            (z - shape.z / 2) * voxel_size_A + centre_A.z};
  }
  // Fractional voxel coordinates, as a vector whose x, y, z index the x, y, z axes.
  Vec3 voxel(Vec3 position_A) const {
    const Vec3 d = position_A - centre_A;
    return {d.x / voxel_size_A + shape.x / 2, d.y / voxel_size_A + shape.y / 2, d.z / voxel_size_A + shape.z / 2};
  }
};

struct Map {
  Volume<float> voxels;
  double voxel_size_A = 1;
  Vec3 origin_A{};  // position of voxel (0, 0, 0); kept through files, no part in processing
  Grid grid() const { return {voxels.shape(), voxel_size_A, {}}; }
};

}  // namespace tessera
