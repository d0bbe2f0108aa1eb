// SPDX-License-Identifier: GPL-3.0-or-later
// How the power of a tomogram is spread over its Fourier components.
#pragma once

#include <optional>
#include <vector>

#include "tessera/optics/wedge.h"
#include "tessera/parallel/exec_context.h"
#include "tessera/volume/tomogram.h"

namespace tessera {

// Mean |F|² of a component by frequency |k| and, where the tilts are known, by the direction atan2(kz, kx) of the tilt
// that observed it and by the angle asin(|ky|/|k|) from the plane across the tilt axis y: what a tilt series adds to a
// tomogram, noise above all, depends on the image it was seen in and on how densely images lie there, which is as the
// inverse distance from the axis. Scaled to a mean of 1 over the components seen up to the Nyquist frequency.
class NoiseSpectrum {
 public:
  // Flat: 1 everywhere.
  NoiseSpectrum() = default;
  // By Welch's method (1967): tiles of up to 64³ voxels (less in a thin tomogram) that cover the tomogram once, less
  // what is left over at its faces, each less its mean and under a Hann window. The same for any number of threads.
  // Cost: one pass over the file and one transform a tile. NaN voxels count as nothing.
  NoiseSpectrum(const Tomogram& tomogram, const std::optional<WedgeRange>& wedge, ExecContext& context);

  // At a frequency in cycles per voxel; linear between the bins, directions in the missing wedge as the nearest tilt's.
  double operator()(Vec3 cycles_per_voxel) const;
  double mean() const { return mean_; }  // of the tomogram's voxels
  // What a component has where this is 1: white noise of so much a voxel would have it everywhere.
  double variance() const { return variance_; }

 private:
  double direction_bin(double kx, double kz) const;
  double height_bin(double ky, double length) const;
  int64_t bin(int64_t direction, int64_t height, int64_t radius) const {
    return (direction * heights_ + height) * radial_ + radius;
  }
  std::optional<WedgeRange> wedge_;
  int64_t radial_ = 0, directions_ = 1, heights_ = 1;
  double mean_ = 0, variance_ = 1;
  std::vector<double> power_;  // [direction][angle from the plane ky = 0][|k|], |k| = (bin) · ½ / (radial − 1)
};

}  // namespace tessera
