// SPDX-License-Identifier: GPL-3.0-or-later
// How strongly each Fourier component of a subtomogram was transferred: missing wedge, CTF, dose; and the list of
// components worth looking at.
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

#include "tessera/volume/volume.h"

namespace tessera {

// What the voxels of a particle are.
enum class ParticleData {
  plain,         // X = H·(transformed reference) + N: N white in each shell
  premultiplied  // X′ = H·X of such a particle: its noise is H·N (RELION's rlnCtfDataAreCtfPremultiplied)
};

// Weights H(k) over the stored half spectrum of a cubic box, [kz][ky][kx ≥ 0] with FFT wrap. 0 = not observed. One
// object serves all the particles of a tilt group. Either kind of data enters every sum over components by the same
// three numbers, with Y the transformed reference: H·X, which is what correlates with Y; H², the weight of |Y|²; and
// the residual |X − HY|² or |X′ − H²Y|², whose expectation is σ² or H²σ².
class FourierWeight {
 public:
  // From a centred n³ volume as written to rlnCtfImage (DC at voxel n/2), or a half volume n·n·(n/2+1) in FFT order.
  static FourierWeight from_volume(const Volume<float>& volume, ParticleData data = ParticleData::plain);
  // Everything observed with weight 1.
  static FourierWeight uniform(int64_t box);

  int64_t box() const { return box_; }
  bool premultiplied() const { return premultiplied_; }
  float operator()(int64_t kz, int64_t ky, int64_t kx) const { return values_(kz, ky, kx); }  // wrapped indices
  const Volume<float>& half() const { return values_; }
  // Between components, at any frequency with |k| ≤ box/2: what the data are multiplied with to be H·X, and H². Plain
  // data: H is interpolated trilinearly. Premultiplied data are H²Y, so that H² is: at the edge of a wedge they fall
  // off as their own smoothed weight does.
  struct Factors {
    float data = 0, power = 0;
  };
  Factors sample(float x, float y, float z) const;

 private:
  int64_t box_ = 0;
  bool premultiplied_ = false;
  Volume<float> values_;
  Volume<float> padded_;  // H or H², [kz + n/2 + 1][ky + n/2 + 1][kx], edges repeated: for sample()
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
  std::vector<float> weight;  // H
  bool premultiplied = false;
  size_t size() const { return index.size(); }
  float data_factor(size_t i) const { return premultiplied ? 1.0f : weight[i]; }                    // X → H·X
  float model_factor(size_t i) const { return premultiplied ? weight[i] * weight[i] : weight[i]; }  // Y → data
  double noise_factor(size_t i) const { return premultiplied ? weight[i] * weight[i] : 1.0; }  // of σ² in the data
};

}  // namespace tessera
