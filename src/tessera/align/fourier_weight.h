// SPDX-License-Identifier: GPL-3.0-or-later
// How strongly each Fourier component of a subtomogram was transferred: missing wedge, CTF, dose; and the list of
// components worth looking at.
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

#include "tessera/volume/volume.h"

namespace tessera {

// Weights H(k) over the stored half spectrum of a cubic box, [kz][ky][kx ≥ 0] with FFT wrap. The model of a particle is
// X = H · (transformed reference) + noise. 0 = not observed. One object serves all the particles of a tilt group.
class FourierWeight {
 public:
  // From a centred n³ volume as written to rlnCtfImage (DC at voxel n/2), or a half volume n·n·(n/2+1) in FFT order.
  static FourierWeight from_volume(const Volume<float>& volume);
  // Everything observed with weight 1.
  static FourierWeight uniform(int64_t box);

  int64_t box() const { return box_; }
  float operator()(int64_t kz, int64_t ky, int64_t kx) const { return values_(kz, ky, kx); }  // wrapped indices
  const Volume<float>& half() const { return values_; }
  // Trilinear between components, at any frequency with |k| ≤ box/2.
  float sample(float x, float y, float z) const;

 private:
  int64_t box_ = 0;
  Volume<float> values_;
  Volume<float> padded_;  // [kz + n/2 + 1][ky + n/2 + 1][kx], edges repeated: for sample()
};

// The observed components 1 ≤ |k| ≤ max_shell of a weight, one of each pair ±k; sums over it count twice for the
// whole spectrum.
struct ObservedComponents {
  ObservedComponents() = default;
  ObservedComponents(const FourierWeight& weight, int64_t max_shell);

  int64_t box = 0, max_shell = 0;
  std::vector<float> x, y, z;  // signed frequencies
  std::vector<int32_t> index;  // into HalfSpectrum::data()
  std::vector<int32_t> shell;
  std::vector<float> weight;
  size_t size() const { return index.size(); }
};

}  // namespace tessera
