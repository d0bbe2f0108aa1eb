// SPDX-License-Identifier: GPL-3.0-or-later
// Slow, obvious loops over volumes: the oracles of volume/.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tessera/volume/volume.h"
#include "tests/reference/fourier_sums.h"

namespace tessera::reference {

// Value at a fractional place, (z, y, x) indices: each of the eight neighbours by one minus its distance along each
// axis; nothing outside.
inline double trilinear(const Volume<float>& in, double z, double y, double x) {
  const Shape3 n = in.shape();
  double sum = 0;
  for (int64_t k = 0; k < n.z; ++k)
    for (int64_t j = 0; j < n.y; ++j)
      for (int64_t i = 0; i < n.x; ++i) {
        const double wz = 1 - std::abs(z - static_cast<double>(k)), wy = 1 - std::abs(y - static_cast<double>(j)),
                     wx = 1 - std::abs(x - static_cast<double>(i));
        if (wz > 0 && wy > 0 && wx > 0) sum += wz * wy * wx * in(k, j, i);
      }
  return sum;
}

struct ShellSums {
  std::vector<double> power_a, power_b, cross, count;
};

// Sums over the shells of two cubic volumes, from whole spectra: shell s holds the k with s − ½ ≤ |k| < s + ½.
inline ShellSums shell_sums(const Volume<float>& a, const Volume<float>& b) {
  const Shape3 n = a.shape();
  const auto fa = fourier_sums(std::vector<float>(a.begin(), a.end()), n, -1);
  const auto fb = fourier_sums(std::vector<float>(b.begin(), b.end()), n, -1);
  const int64_t shells = n.x / 2 + 1;
  ShellSums out{std::vector<double>(shells), std::vector<double>(shells), std::vector<double>(shells),
                std::vector<double>(shells)};
  size_t i = 0;
  for (int64_t z = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x, ++i) {
        const auto kz = static_cast<double>(frequency(z, n.z)), ky = static_cast<double>(frequency(y, n.y)),
                   kx = static_cast<double>(frequency(x, n.x));
        const double radius = std::sqrt(kz * kz + ky * ky + kx * kx);
        for (int64_t s = 0; s < shells; ++s) {
          if (radius < static_cast<double>(s) - 0.5 || radius >= static_cast<double>(s) + 0.5) continue;
          out.power_a[s] += std::norm(fa[i]);
          out.power_b[s] += std::norm(fb[i]);
          out.cross[s] += (fa[i] * std::conj(fb[i])).real();
          ++out.count[s];
        }
      }
  return out;
}

// 1 within `grow` of any voxel of the core, a raised cosine of the distance over `edge` more, 0 beyond: the distance of
// every voxel to every voxel.
inline Volume<float> distance_mask(const Volume<uint8_t>& core, double grow, double edge) {
  const Shape3 n = core.shape();
  Volume<float> out(n);
  for (int64_t z = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x) {
        double nearest = 1e300;
        for (int64_t k = 0; k < n.z; ++k)
          for (int64_t j = 0; j < n.y; ++j)
            for (int64_t i = 0; i < n.x; ++i)
              if (core(k, j, i))
                nearest = std::min(
                    nearest, std::sqrt(static_cast<double>((z - k) * (z - k) + (y - j) * (y - j) + (x - i) * (x - i))));
        const double t = (nearest - grow) / edge;
        out(z, y, x) = static_cast<float>(t <= 0 ? 1 : t >= 1 ? 0 : 0.5 + 0.5 * std::cos(pi * t));
      }
  return out;
}

// Weighted Pearson correlation from its definition, in long double.
inline double pearson(const Volume<float>& a, const Volume<float>& b, const Volume<float>& weight) {
  long double w = 0, wa = 0, wb = 0, ab = 0, aa = 0, bb = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    w += weight[i];
    wa += static_cast<long double>(weight[i]) * a[i];
    wb += static_cast<long double>(weight[i]) * b[i];
  }
  for (int64_t i = 0; i < a.size(); ++i) {
    const long double p = a[i] - wa / w, q = b[i] - wb / w;
    ab += weight[i] * p * q;
    aa += weight[i] * p * p;
    bb += weight[i] * q * q;
  }
  return static_cast<double>(ab / std::sqrt(aa * bb));
}

}  // namespace tessera::reference
