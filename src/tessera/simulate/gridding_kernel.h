// SPDX-License-Identifier: GPL-3.0-or-later
// Interpolation between the components of a 2×-padded spectrum.
#pragma once

#include "tessera/simulate/kernel_table.h"

namespace tessera {

// Kaiser–Bessel window of width 4 for oversampling 2 (Jackson et al. 1991; β of Beatty, Nishimura & Pauly 2005):
// C(t) = I₀(β √(1 − (t/2)²)), |t| < 2, scaled to sum to about 1. Interpolating a spectrum of a function that fills at
// most half of the box and was divided by transform() beforehand, or dividing afterwards for the adjoint, is exact to
// about 1e-3 of the largest value.
class GriddingKernel {
 public:
  static constexpr int width = 4;
  static const GriddingKernel& instance();

  // Weights of the grid points floor(t) − 1 … floor(t) + 2 for fraction = t − floor(t).
  void weights(float fraction, float (&out)[width]) const { table_.weights(fraction, out); }

  // ∫ C(t) cos(2π t ν) dt, ν the position as a fraction of the padded box, |ν| ≤ ¼.
  double transform(double position) const;

 private:
  GriddingKernel();
  double value(double t) const;
  double scale_;
  KernelTable<width> table_;
};

}  // namespace tessera
