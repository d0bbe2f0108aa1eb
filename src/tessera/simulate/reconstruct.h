// SPDX-License-Identifier: GPL-3.0-or-later
// Direct Fourier inversion of a tilt series.
#pragma once

#include <memory>
#include <vector>

#include "tessera/fft/half_spectrum.h"
#include "tessera/volume/volume.h"

namespace tessera {

// Inserts the spectra of tilt images at their places in Fourier space and transforms back. Tilt axis y, geometry of
// optics/tilt_geometry.h. The result is linear in the images:
//   V(x) = Σ_j Σ_uv w_j(u) F_j(u, v) exp(2πi k_j(u, v)·x / 2n)
// w is the area of Fourier space that a sample stands for (the capped ramp of simulate/view_filter.h): its polar cell
// where slices crowd near the tilt axis, one thickness 1/n where they lie apart, so that the transfer of observed
// components is about 1 and the noise of crowded ones about the least possible. The sum is computed by gridding onto
// (2n)³ with a Kaiser–Bessel kernel 4 wide, error about 1e-3 of the maximum. Immutable after construction, thread-safe.
// Cost per volume: one FFT of (2n)³ and 16 multiply-adds per image component. Tested: dense ±90° series return the
// density; the naive sum above (tests/reference/imaging_direct_sum.h).
class TiltReconstruction {
 public:
  // box: edge n of the volume; tilts ascend. Images are 2n × 2n, their spectra centred on the image's centre pixel n.
  TiltReconstruction(int64_t box, std::vector<double> tilts);
  ~TiltReconstruction();
  TiltReconstruction(const TiltReconstruction&) = delete;
  TiltReconstruction& operator=(const TiltReconstruction&) = delete;

  int64_t box() const { return box_; }
  const std::vector<double>& tilts() const { return tilts_; }
  Shape3 image_shape() const { return {1, 2 * box_, 2 * box_}; }
  // Image components at |(u, v)| ≥ this, in units of 1/2n, are not used: just under the Nyquist frequency of the
  // volume.
  double radius() const { return static_cast<double>(box_) - 1; }
  // Weight of component u of tilt j, in units of (1/n)².
  double sample_weight(size_t tilt, int64_t u) const { return weights_[tilt][u < 0 ? -u : u]; }

  // Space for one volume in the making.
  class Sum {
   public:
    explicit Sum(const TiltReconstruction& plan);
    // Adds the image of tilt j: centred spectrum of shape image_shape(), used within radius().
    void insert(size_t tilt, const HalfSpectrum& image);
    // The volume so far, n³; the sum is empty again afterwards.
    Volume<float> finish();

   private:
    const TiltReconstruction& plan_;
    AlignedVector<std::complex<float>> grid_;  // [ky][kz][kx]
    AlignedVector<float> real_;
  };

 private:
  int64_t box_;
  std::vector<double> tilts_;
  std::vector<std::vector<float>> weights_;  // [tilt][|u|]
};

}  // namespace tessera
