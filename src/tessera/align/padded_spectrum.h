// SPDX-License-Identifier: GPL-3.0-or-later
// The spectrum of a volume at any point of Fourier space.
#pragma once

#include <complex>

#include "tessera/fft/half_spectrum.h"
#include "tessera/volume/volume.h"

namespace tessera {

// The centred spectrum of a cubic volume, zero-padded twofold and interpolated trilinearly, kept for |k| ≤ max_shell
// (k in units of 1/box). The volume is divided beforehand by the sinc² that trilinear interpolation multiplies it with
// (gridding correction), so that sample() returns the true spectrum to about 3 % of the amplitude of features a
// third of the box from the centre, and better nearer. Where max_shell leaves out much of the spectrum, the volume is
// first cut in Fourier space to a box m that holds five shells more, which costs up to 1 % at the last shells. Cost to
// build: one FFT of (2m)³; memory 8·(4·max_shell)³/2 bytes.
class PaddedSpectrum {
 public:
  PaddedSpectrum() = default;
  PaddedSpectrum(const Volume<float>& volume, int64_t max_shell);
  // From the centred spectrum of the volume: saves a transform when that is known.
  PaddedSpectrum(const HalfSpectrum& centred, int64_t max_shell);

  int64_t box() const { return box_; }
  int64_t max_shell() const { return max_shell_; }

  // F at frequency (x, y, z), |k| ≤ max_shell.
  std::complex<float> sample(float x, float y, float z) const;
  // Asks the memory for what sample() and sample_jet() will read there: worth it some sixteen points ahead, where the
  // spectrum is larger than the caches.
  void prefetch(float x, float y, float z) const;
  // F and its derivatives along x, y, z (per unit of 1/box).
  struct Jet {
    std::complex<float> value, dx, dy, dz;
  };
  Jet sample_jet(float x, float y, float z) const;

 private:
  // The smallest box that keeps `max_shell` and a margin against interpolation at the edge.
  static int64_t cut_box(int64_t box, int64_t max_shell);
  // `volume`: on any box; k stays in units of 1/box_.
  void fill(const Volume<float>& volume);
  const float* cell(float& x, float& y, float& z, float& sign) const;

  int64_t box_ = 0, max_shell_ = 0, edge_ = 0, width_ = 0, row_ = 0;
  AlignedVector<std::complex<float>> values_;  // [z][y][x], z and y from −edge, x from 0
};

// ---- inline, because called for every component of every pose

using Float4 = float __attribute__((vector_size(16)));

inline Float4 load4(const float* p) {
  Float4 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

// Moves the point into the stored half (conjugating), and splits it into a cell and fractions.
inline const float* PaddedSpectrum::cell(float& x, float& y, float& z, float& sign) const {
  sign = x < 0 ? -1.0f : 1.0f;
  x *= 2 * sign;
  y = 2 * sign * y + static_cast<float>(edge_);
  z = 2 * sign * z + static_cast<float>(edge_);
  const int64_t ix = static_cast<int64_t>(x), iy = static_cast<int64_t>(y), iz = static_cast<int64_t>(z);
  x -= static_cast<float>(ix);
  y -= static_cast<float>(iy);
  z -= static_cast<float>(iz);
  return reinterpret_cast<const float*>(&values_[(iz * width_ + iy) * row_ + ix]);
}

inline std::complex<float> PaddedSpectrum::sample(float x, float y, float z) const {
  float sign;
  const float* p = cell(x, y, z, sign);
  const int64_t next_y = 2 * row_, next_z = 2 * row_ * width_;
  const Float4 a = load4(p), b = load4(p + next_y), c = load4(p + next_z), d = load4(p + next_z + next_y);
  const Float4 low = a + y * (b - a), high = c + y * (d - c), v = low + z * (high - low);
  return {v[0] + x * (v[2] - v[0]), sign * (v[1] + x * (v[3] - v[1]))};
}

inline void PaddedSpectrum::prefetch(float x, float y, float z) const {
  float sign;
  const float* p = cell(x, y, z, sign);
  const int64_t next_y = 2 * row_, next_z = 2 * row_ * width_;
  for (const int64_t row : {int64_t{0}, next_y, next_z, next_z + next_y}) __builtin_prefetch(p + row);
}

inline PaddedSpectrum::Jet PaddedSpectrum::sample_jet(float x, float y, float z) const {
  float sign;
  const float* p = cell(x, y, z, sign);
  const int64_t next_y = 2 * row_, next_z = 2 * row_ * width_;
  const Float4 a = load4(p), b = load4(p + next_y), c = load4(p + next_z), d = load4(p + next_z + next_y);
  const Float4 slope_low = b - a, slope_high = d - c;
  const Float4 low = a + y * slope_low, high = c + y * slope_high;
  const Float4 v = low + z * (high - low), vy = slope_low + z * (slope_high - slope_low), vz = high - low;
  // Grid spacing ½ and the flip of the axes give the factor 2·sign; conjugation flips the imaginary part again.
  const float real = 2 * sign, imaginary = 2;
  const auto at = [x](const Float4& u, int part) { return u[part] + x * (u[part + 2] - u[part]); };
  return {{at(v, 0), sign * at(v, 1)},
          {real * (v[2] - v[0]), imaginary * (v[3] - v[1])},
          {real * at(vy, 0), imaginary * at(vy, 1)},
          {real * at(vz, 0), imaginary * at(vz, 1)}};
}

}  // namespace tessera
