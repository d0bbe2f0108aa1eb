// SPDX-License-Identifier: GPL-3.0-or-later
// The density of one structure at any pose: what is stamped into a scene.
#pragma once

#include "tessera/so3/rotation.h"
#include "tessera/volume/volume.h"

namespace tessera {

// A cubic density sampled twice as finely and divided by the transform of the gridding kernel (simulate/
// gridding_kernel.h), so that interpolating it with that kernel gives the band-limited density between its voxels:
// exact to about 1e-3 of the largest value up to the Nyquist frequency; components beyond it (the corners of the
// Fourier cube, which would alias when turned) are dropped. Immutable, thread-safe. Memory 32 n³ bytes, 64
// multiply-adds a value. Tested against the trigonometric sum.
class TurnedDensity {
 public:
  explicit TurnedDensity(const Volume<float>& density);  // InternalError unless a cube of an even number of voxels ≥ 8

  int64_t box() const { return box_; }
  // Values are to be had for |position| < reach() in voxels from the centre voxel.
  double reach() const { return 0.5 * static_cast<double>(box_) - 2; }

  // The density at `position`, voxels from the centre voxel of the structure's own frame; |components| < reach().
  float at(Vec3 position) const;

 private:
  int64_t box_, side_;
  AlignedVector<float> values_;
};

}  // namespace tessera
