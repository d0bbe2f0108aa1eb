// SPDX-License-Identifier: GPL-3.0-or-later
// The difference of two Gaussian-filtered copies of a tomogram, [P] 4.1, a few planes at a time.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "tessera/parallel/threads.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct GaussianDifference {
  double sigma_voxels = 7;  // σ₁
  double ratio = 1.1;       // K > 1

  // Voxels each way that the wider Gaussian reaches: 5 K σ₁, where it has fallen to 4·10⁻⁶ of its middle.
  int64_t reach() const;
  // Radius of the solid ball that answers most: √3 σ, σ² = σ₁² (1 + K²)/2. From d/dσ of σ² ∇²G_σ over the ball.
  double radius_voxels() const;
};

// σ₁ in the unit of the diameter, for the solid ball of that diameter: the inverse of radius_voxels().
double sigma_of_diameter(double diameter, double ratio);

// Weights w₀ … w_reach of a sampled Gaussian, w₀ + 2 Σ w_i = 1.
std::vector<float> gaussian_taps(double sigma_voxels, int64_t reach);

// planes[0 … n − 1] hold the difference at planes first_z … first_z + n − 1 of the volume.
using UsePlanes = std::function<void(std::span<const float* const> planes, int64_t first_z)>;

// D = (G₁ * f w)/(G₁ * w) − (G_K * f w)/(G_K * w), G of unit sum: normalised convolution (Knutsson & Westin 1993), so
// that neither faces nor holes make edges. w is 1 inside the volume where `allowed` (empty: everywhere) is not 0.
// Voxels not allowed must be 0 in `in`. D is 0 where less than a thousandth of G₁ falls on allowed voxels.
// Calls use() with overlapping groups of planes: each begins two planes before the end of the one before, so that all
// planes but the first and last have their neighbours in some call. Same values for any number of threads.
// Cost: 6 · reach multiply-adds and 6 · reach additions per voxel (twice that with `allowed`); memory: less than 0.3
// times the volume (0.5 with `allowed`) or 10 planes, whichever is more, and 0.6 MB a thread.
// Oracle: the triple sum (gaussian_difference_test.cc).
void scan_gaussian_difference(const Volume<float>& in, std::span<const uint8_t> allowed,
                              const GaussianDifference& filter, Threads& threads, const UsePlanes& use);

}  // namespace tessera
