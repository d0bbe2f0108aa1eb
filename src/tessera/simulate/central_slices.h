// SPDX-License-Identifier: GPL-3.0-or-later
// Projections of a volume as central slices of its spectrum.
#pragma once

#include "tessera/base/vec3.h"
#include "tessera/fft/half_spectrum.h"
#include "tessera/volume/volume.h"

namespace tessera {

// The spectrum of a cubic volume, padded to twice the box and prepared for interpolation. Immutable, thread-safe.
// Memory 8 (2n)²n bytes: 9 MB at n = 64, 69 MB at n = 128.
// Tested against the direct sum at arbitrary frequencies (tests/reference/imaging_direct_sum.h): error ≤ 2e-3 of the
// largest component within the band.
class CentralSlices {
 public:
  explicit CentralSlices(const Volume<float>& density);

  int64_t box() const { return box_; }
  // Frequencies, in units of 1/2n, must be shorter than this.
  double radius() const { return static_cast<double>(box_) - 1; }

  // F(k) = Σ f(x) exp(−2πi k·(x − c)/2n) at any frequency |k| < radius(), k in (x, y, z) order and units of 1/2n.
  std::complex<float> at(float x, float y, float z) const;

  // Spectrum of the projection at `tilt` of the volume turned by particle_from_ref and moved by `shift` voxels, the
  // image's centre pixel as origin. `image` has shape (1, m, m), m = 2n or n: components further apart for the smaller
  // image. Zero from radius() outwards.
  void project(const Mat3& particle_from_ref, Vec3 shift_voxels, double tilt, HalfSpectrum& image) const;

 private:
  int64_t box_, side_, row_;  // stored: [kz + n][ky + n][kx + 1], kx from −1 to n
  AlignedVector<std::complex<float>> values_;
};

}  // namespace tessera
