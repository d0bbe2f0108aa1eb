// SPDX-License-Identifier: GPL-3.0-or-later
// Interpolation along a line of pixels.
#pragma once

#include "tessera/simulate/kernel_table.h"

namespace tessera {

// sinc(t) under a Kaiser window of width 8 (shape 4), normalised so that the eight weights of every position sum to 1.
// Its transform is 1 within 1 % up to 0.34 cycles per pixel, 0.90 at 0.4, 0.5 at 0.5, 0.1 at 0.6 and below 0.016 from
// 0.65 on. It serves projection (each voxel is spread over eight pixels) and back-projection (each voxel reads eight),
// which are then adjoint.
class LineKernel {
 public:
  static constexpr int width = 8;
  static const LineKernel& instance();

  // Weights of the pixels floor(t) − 3 … floor(t) + 4 for fraction = t − floor(t).
  void weights(float fraction, float (&out)[width]) const { table_.weights(fraction, out); }

 private:
  LineKernel();
  KernelTable<width> table_;
};

}  // namespace tessera
