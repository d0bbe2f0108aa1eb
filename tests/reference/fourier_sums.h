// SPDX-License-Identifier: GPL-3.0-or-later
// Discrete Fourier transforms term by term in double precision, over the whole spectrum: the oracles of fft/ and of
// everything that works on spectra. Cost N², for boxes of a few voxels.
#pragma once

#include <cmath>
#include <complex>
#include <vector>

#include "tessera/base/shape.h"
#include "tessera/base/units.h"
#include "tessera/base/vec3.h"

namespace tessera::reference {

using Complex = std::complex<double>;

// out(k) = Σ_x in(x) exp(sign · 2πi k·(x − origin)/n), k and x in [0, n) in (z, y, x) order. Components k and k − n are
// told apart by an origin that is not an integer, so origins are integers.
template <typename Value>
std::vector<Complex> fourier_sums(const std::vector<Value>& in, Shape3 n, int sign, Shape3 origin = {}) {
  std::vector<Complex> out(in.size());
  const auto turn = [](int64_t k, int64_t x, int64_t length) {
    return static_cast<double>(((k * x) % length + length) % length) / static_cast<double>(length);
  };
  size_t to = 0;
  for (int64_t kz = 0; kz < n.z; ++kz)
    for (int64_t ky = 0; ky < n.y; ++ky)
      for (int64_t kx = 0; kx < n.x; ++kx, ++to) {
        size_t from = 0;
        for (int64_t z = 0; z < n.z; ++z)
          for (int64_t y = 0; y < n.y; ++y)
            for (int64_t x = 0; x < n.x; ++x, ++from) {
              const double turns =
                  turn(kz, z - origin.z, n.z) + turn(ky, y - origin.y, n.y) + turn(kx, x - origin.x, n.x);
              out[to] += Complex(in[from]) * std::polar(1.0, sign * 2 * pi * turns);
            }
      }
  return out;
}

// Signed frequency, spelled out: 0, 1, …, the largest not above n/2, then the negative ones up to −1.
inline int64_t frequency(int64_t index, int64_t n) {
  int64_t k = index;
  while (k > n / 2) k -= n;
  return k;
}

// A sum of cosines whose frequencies are whole numbers of periods per box: the same function sampled on any box.
struct Wave {
  int64_t z, y, x;  // periods per box
  double amplitude, phase;
};

// Value at position p, in box edges from the centre.
inline double waves_at(const std::vector<Wave>& waves, Vec3 p) {
  double sum = 0;
  for (const Wave& wave : waves)
    sum += wave.amplitude * std::cos(2 * pi *
                                         (static_cast<double>(wave.x) * p.x + static_cast<double>(wave.y) * p.y +
                                          static_cast<double>(wave.z) * p.z) +
                                     wave.phase);
  return sum;
}

}  // namespace tessera::reference
