// SPDX-License-Identifier: GPL-3.0-or-later
// Sums over Fourier shells and the Fourier shell correlation. Sums count the mirrored half of the spectrum.
#pragma once

#include <vector>

#include "tessera/fft/half_spectrum.h"

namespace tessera {

// Shell of a component: |k| rounded to the nearest integer, k in units of 1/(box · voxel size). Cubic boxes only.
// Shells run 0 … box/2; corners beyond belong to no shell.
inline int64_t shell_count(int64_t box) {
  return box / 2 + 1;
}

// Mean of |F|² in each shell.
std::vector<double> shell_power(const HalfSpectrum& spectrum);

// FSC(s) = Re Σ A conj(B) / √(Σ|A|² Σ|B|²) over shell s (Harauz & van Heel 1986); 0 where a shell is empty of power.
std::vector<double> fourier_shell_correlation(const HalfSpectrum& a, const HalfSpectrum& b);

// Resolution in Å where the curve first falls below `threshold` (linear between shells; shell 0 is ignored). Stays
// above throughout: box · voxel size / shell box/2, on an even box twice the voxel size. Below from shell 1 on: box ·
// voxel size.
double fsc_resolution_A(const std::vector<double>& fsc, double threshold, int64_t box, double voxel_size_A);

// The fractional shell at which the curve first falls below the threshold (box/2 when never).
double fsc_crossing_shell(const std::vector<double>& fsc, double threshold);

}  // namespace tessera
