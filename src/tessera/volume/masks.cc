// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/masks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

template <typename Weight>
double weighted_correlation(const Volume<float>& a, const Volume<float>& b, Weight&& weight) {
  if (a.shape() != b.shape()) throw InternalError("correlation of volumes of different shape");
  double w = 0, wa = 0, wb = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    const double m = weight(i);
    w += m;
    wa += m * a[i];
    wb += m * b[i];
  }
  if (w <= 0) return 0;
  const double mean_a = wa / w, mean_b = wb / w;
  double ab = 0, aa = 0, bb = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    const double m = weight(i), p = a[i] - mean_a, q = b[i] - mean_b;
    ab += m * p * q;
    aa += m * p * p;
    bb += m * q * q;
  }
  // A flat volume's deviations are the rounding of its mean (about 1e-13 of it), far below one step of a float.
  const auto varies = [w](double square, double mean) { return square > w * 1e-24 * mean * mean; };
  return varies(aa, mean_a) && varies(bb, mean_b) ? ab / std::sqrt(aa * bb) : 0;
}

}  // namespace

double cosine_edge(double value, double start, double end) {
  if (value <= start) return 1;
  if (value >= end) return 0;
  return 0.5 * (1 + std::cos(pi * (value - start) / (end - start)));
}

Volume<float> soft_sphere(Shape3 shape, double radius, double edge) {
  Volume<float> mask(shape);
  for (int64_t z = 0, i = 0; z < shape.z; ++z)
    for (int64_t y = 0; y < shape.y; ++y)
      for (int64_t x = 0; x < shape.x; ++x, ++i) {
        const double dz = static_cast<double>(z - shape.z / 2), dy = static_cast<double>(y - shape.y / 2),
                     dx = static_cast<double>(x - shape.x / 2);
        mask[i] = static_cast<float>(cosine_edge(std::sqrt(dz * dz + dy * dy + dx * dx), radius, radius + edge));
      }
  return mask;
}

Volume<float> masked(Volume<float> map, const Volume<float>& mask) {
  for (int64_t i = 0; i < map.size(); ++i) map[i] *= mask[i];
  return map;
}

uint64_t digest(const Volume<float>& volume) {
  // Multiply and rotate, as hash functions of strings do (xxHash, Collet 2012); two voxels a step.
  const auto mix = [](uint64_t hash, uint64_t value) {
    hash ^= value * 0x9e3779b97f4a7c15ull;
    return std::rotl(hash, 31) * 0xc2b2ae3d27d4eb4full;
  };
  uint64_t hash = mix(mix(volume.shape().z, volume.shape().y), volume.shape().x);
  int64_t i = 0;
  for (; i + 1 < volume.size(); i += 2) {
    uint64_t two;
    std::memcpy(&two, volume.data() + i, sizeof two);
    hash = mix(hash, two);
  }
  if (i < volume.size()) hash = mix(hash, std::bit_cast<uint32_t>(volume[i]));
  hash ^= hash >> 29;
  return hash * 0x165667b19e3779f9ull;
}

Statistics statistics(const Volume<float>& volume) {
  Statistics out;
  out.minimum = std::numeric_limits<float>::infinity();
  out.maximum = -out.minimum;
  double sum = 0, square = 0;
  int64_t count = 0;
  for (const float v : volume) {
    if (!std::isfinite(v)) {
      ++out.not_finite;
      continue;
    }
    ++count;
    sum += v;
    out.minimum = std::min(out.minimum, v);
    out.maximum = std::max(out.maximum, v);
  }
  if (count == 0) return {0, 0, 0, 0, out.not_finite};
  out.mean = sum / static_cast<double>(count);
  for (const float v : volume)
    if (std::isfinite(v)) square += (v - out.mean) * (v - out.mean);
  out.variance = square / static_cast<double>(count);
  return out;
}

void low_pass(HalfSpectrum& spectrum, double shell, double width) {
  if (!spectrum.real_shape().is_cube()) throw InternalError("low-pass of a non-cubic volume");
  for_each_frequency(spectrum, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    const double k = std::sqrt(static_cast<double>(z * z + y * y + x * x));
    spectrum.data()[i] *= static_cast<float>(cosine_edge(k, shell - width / 2, shell + width / 2));
  });
}

double masked_correlation(const Volume<float>& a, const Volume<float>& b, const Volume<float>& mask) {
  if (a.shape() != mask.shape()) throw InternalError("correlation under a mask of different shape");
  return weighted_correlation(a, b, [&](int64_t i) { return static_cast<double>(mask[i]); });
}

double correlation(const Volume<float>& a, const Volume<float>& b) {
  return weighted_correlation(a, b, [](int64_t) { return 1.0; });
}

Volume<float> rotate_volume(const Volume<float>& in, const Mat3& rotation, Vec3 shift) {
  const Shape3 n = in.shape();
  const Mat3 back = rotation.transposed();
  const auto at = [&](int64_t z, int64_t y, int64_t x) -> double {
    return z < 0 || y < 0 || x < 0 || z >= n.z || y >= n.y || x >= n.x ? 0.0 : in(z, y, x);
  };
  Volume<float> out(n);
  for (int64_t z = 0, i = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x, ++i) {
        const Vec3 d{static_cast<double>(x - n.x / 2) - shift.x, static_cast<double>(y - n.y / 2) - shift.y,
                     static_cast<double>(z - n.z / 2) - shift.z};
        Vec3 p = back * d;
        p += Vec3{static_cast<double>(n.x / 2), static_cast<double>(n.y / 2), static_cast<double>(n.z / 2)};
        // Rounding noise of an exact 90° rotation must not reach over a voxel boundary.
        const double px = std::abs(p.x - std::round(p.x)) < 1e-9 ? std::round(p.x) : p.x;
        const double py = std::abs(p.y - std::round(p.y)) < 1e-9 ? std::round(p.y) : p.y;
        const double pz = std::abs(p.z - std::round(p.z)) < 1e-9 ? std::round(p.z) : p.z;
        const auto x0 = static_cast<int64_t>(std::floor(px)), y0 = static_cast<int64_t>(std::floor(py)),
                   z0 = static_cast<int64_t>(std::floor(pz));
        const double fx = px - static_cast<double>(x0), fy = py - static_cast<double>(y0),
                     fz = pz - static_cast<double>(z0);
        const auto row = [&](int64_t zz, int64_t yy) { return at(zz, yy, x0) * (1 - fx) + at(zz, yy, x0 + 1) * fx; };
        const auto plane = [&](int64_t zz) { return row(zz, y0) * (1 - fy) + row(zz, y0 + 1) * fy; };
        out[i] = static_cast<float>(plane(z0) * (1 - fz) + plane(z0 + 1) * fz);
      }
  return out;
}

}  // namespace tessera
