// SPDX-License-Identifier: GPL-3.0-or-later
// A soft spherical mask on a map that is known by its harmonics on Fourier shells.
#pragma once

#include <vector>

#include "tessera/so3/sphere_transform.h"

namespace tessera {

// Multiplication by m(r) in real space mixes the shells of one degree l alone:
//   B_lm(s) = Σ_s' M_l(s,s') A_lm(s'),  M_l(s,s') = (2/π) ∫ m(r) j_l(κr) j_l(κ'r) r² dr · κ'² Δκ,  κ = 2πs/n,
// the spherical Hankel transform there and back. Shells 1 … S of spacing 1 (the integrand vanishes at 0) hold a map
// that fits the box. m is 1 up to `radius` voxels and falls to 0 over `edge` as soft_sphere does.
class ShellMask {
 public:
  ShellMask(int64_t box, int bandwidth, int shells, double radius, double edge);
  void apply(ShellHarmonics& map) const;

 private:
  int bandwidth_, shells_;
  std::vector<float> matrix_;  // [l][s][s']
};

// Mean of the product of two maps over the sphere of each radius 0 … box/2 voxels.
std::vector<double> radial_product(const ShellHarmonics& a, const ShellHarmonics& b, int64_t box);

}  // namespace tessera
