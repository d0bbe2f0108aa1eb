// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/tomogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

// How one axis is sampled anew: out(i) = Σ_k weight_k in(first + k).
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;
};

struct ResampledAxis {
  int64_t old_count = 0, count = 0;
  double ratio = 1;  // new voxel over old

  ResampledAxis(int64_t n, double step)
      : old_count(n), count(std::llround(static_cast<double>(n) / step)), ratio(step) {}
  Taps taps(int64_t i) const {
    const double at = static_cast<double>(i - count / 2) * ratio + static_cast<double>(old_count / 2);
    const double reach = std::max(1.0, ratio);
    const auto low = static_cast<int64_t>(std::ceil(at - reach)), high = static_cast<int64_t>(std::floor(at + reach));
    Taps out;
    out.first = std::clamp<int64_t>(low, 0, old_count - 1);
    out.weights.assign(std::clamp<int64_t>(high, 0, old_count - 1) - out.first + 1, 0.0f);
    // Moments of the tent's samples; (a + b d) brings their mean back to `at` where they fall unevenly.
    double m0 = 0, m1 = 0, m2 = 0;
    const auto tent = [&](int64_t k) { return 1 - std::abs(static_cast<double>(k) - at) / reach; };
    for (int64_t k = low; k <= high; ++k) {
      const double d = static_cast<double>(k) - at;
      m0 += tent(k);
      m1 += tent(k) * d;
      m2 += tent(k) * d * d;
    }
    const double spread = m0 * m2 - m1 * m1;
    const double a = spread > 1e-9 ? m2 / spread : 1 / m0, b = spread > 1e-9 ? -m1 / spread : 0.0;
    for (int64_t k = low; k <= high; ++k)
      out.weights[std::clamp<int64_t>(k, 0, old_count - 1) - out.first] +=
          static_cast<float>(tent(k) * (a + b * (static_cast<double>(k) - at)));
    return out;
  }
};

// The taps of `count` new voxels from `from` on, told from the first old voxel that any of them needs.
struct AxisPlan {
  int64_t first = 0, old_count = 0;
  std::vector<Taps> taps;
  AxisPlan(const ResampledAxis& axis, int64_t from, int64_t count) {
    int64_t last = 0;
    for (int64_t i = 0; i < count; ++i) {
      taps.push_back(axis.taps(from + i));
      first = i == 0 ? taps[i].first : std::min(first, taps[i].first);
      last = std::max(last, taps[i].first + std::ssize(taps[i].weights));
    }
    for (Taps& t : taps) t.first -= first;
    old_count = last - first;
  }
};

// `outer` blocks of (n, inner) values → (taps, inner).
std::vector<float> along(const std::vector<float>& from, int64_t outer, int64_t inner, const AxisPlan& plan) {
  const int64_t n = plan.old_count, m = std::ssize(plan.taps);
  std::vector<float> out(outer * m * inner);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < m; ++i)
      for (size_t k = 0; k < plan.taps[i].weights.size(); ++k) {
        const float weight = plan.taps[i].weights[k];
        const float* source = from.data() + (o * n + plan.taps[i].first + static_cast<int64_t>(k)) * inner;
        float* to = out.data() + (o * m + i) * inner;
        for (int64_t v = 0; v < inner; ++v) to[v] += weight * source[v];
      }
  return out;
}

}  // namespace

Tomogram resampled(const Tomogram& tomogram, double voxel_size_A) {
  const double ratio = voxel_size_A / tomogram.voxel_size_A;
  const ResampledAxis az(tomogram.shape.z, ratio), ay(tomogram.shape.y, ratio), ax(tomogram.shape.x, ratio);
  if (std::min({az.count, ay.count, ax.count}) < 1)
    throw UserError(fmt::format("nothing is left of {}×{}×{} voxels of {:g} Å at {:g} Å", tomogram.shape.x,
                                tomogram.shape.y, tomogram.shape.z, tomogram.voxel_size_A, voxel_size_A));
  return {{az.count, ay.count, ax.count},
          voxel_size_A,
          [tomogram, az, ay, ax](int64_t z, int64_t y, int64_t x, Shape3 shape) {
            const AxisPlan pz(az, z, shape.z), py(ay, y, shape.y), px(ax, x, shape.x);
            const Volume<float> old =
                tomogram.read(pz.first, py.first, px.first, {pz.old_count, py.old_count, px.old_count});
            std::vector<float> values(old.begin(), old.end());
            values = along(values, pz.old_count * py.old_count, 1, px);
            values = along(values, pz.old_count, shape.x, py);
            values = along(values, 1, shape.y * shape.x, pz);
            Volume<float> out(shape);
            std::copy(values.begin(), values.end(), out.begin());
            return out;
          }};
}

Tomogram scaled(const Tomogram& tomogram, double offset, double factor) {
  return {tomogram.shape, tomogram.voxel_size_A, [=](int64_t z, int64_t y, int64_t x, Shape3 shape) {
            Volume<float> out = tomogram.read(z, y, x, shape);
            for (float& value : out) value = static_cast<float>(factor * (value - offset));
            return out;
          }};
}

Tomogram part_of(const Tomogram& tomogram, const Region& region) {
  return {region.shape(), tomogram.voxel_size_A, [tomogram, region](int64_t z, int64_t y, int64_t x, Shape3 shape) {
            return tomogram.read(region.z0 + z, region.y0 + y, region.x0 + x, shape);
          }};
}

VoxelSpread voxel_spread(const Tomogram& tomogram, const std::string& source) {
  VoxelSpread out;
  const Shape3 plane{1, tomogram.shape.y, tomogram.shape.x};
  const auto pass = [&](double low, double high) {
    double count = 0, sum = 0, square = 0, offset = out.mean;
    for (int64_t z = 0; z < tomogram.shape.z; ++z)
      for (const float value : tomogram.read(z, 0, 0, plane)) {
        if (!std::isfinite(value))
          throw IoError(fmt::format("{}: plane {} holds NaN or infinite voxels; mend or crop it", source, z));
        if (value < low || value > high) continue;
        const double d = value - offset;
        count += 1;
        sum += d;
        square += d * d;
      }
    const double shift = sum / std::max(1.0, count);
    out.mean = offset + shift;
    out.deviation = std::sqrt(std::max(0.0, square / std::max(1.0, count) - shift * shift));
  };
  out.mean = tomogram.read(0, 0, 0, {1, 1, 1})[0];  // differences from a voxel lose no digits to a large mean
  if (!std::isfinite(out.mean)) out.mean = 0;
  pass(-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity());
  pass(out.mean - 5 * out.deviation, out.mean + 5 * out.deviation);
  if (!(out.deviation > 1e-9 * std::abs(out.mean)) || out.deviation == 0)
    throw IoError(source + ": every voxel has the same value; there is nothing to see in it");
  return out;
}

Tomogram tomogram_of(const Volume<float>& voxels, double voxel_size_A) {
  return {voxels.shape(), voxel_size_A, [&voxels](int64_t z0, int64_t y0, int64_t x0, Shape3 shape) {
            Volume<float> out(shape);
            for (int64_t z = 0; z < shape.z; ++z)
              for (int64_t y = 0; y < shape.y; ++y) {
                const float* row = &voxels(z0 + z, y0 + y, x0);
                std::copy(row, row + shape.x, &out(z, y, 0));
              }
            return out;
          }};
}

bool Region::holds(Vec3 at) const {
  const auto nearest = [](double v) { return std::floor(v + 0.5); };
  const auto in = [&](double v, int64_t from, int64_t to) {
    return nearest(v) >= static_cast<double>(from) && nearest(v) < static_cast<double>(to);
  };
  return in(at.z, z0, z1) && in(at.y, y0, y1) && in(at.x, x0, x1);
}

TomogramBox read_box(const Tomogram& tomogram, int64_t z, int64_t y, int64_t x, Shape3 shape, float fill) {
  TomogramBox out;
  out.voxels = Volume<float>(shape, fill);
  const auto clip = [](int64_t at, int64_t length, int64_t size, int64_t& begin, int64_t& end) {
    begin = std::clamp<int64_t>(-at, 0, length);
    end = std::clamp<int64_t>(size - at, begin, length);
  };
  clip(z, shape.z, tomogram.shape.z, out.z0, out.z1);
  clip(y, shape.y, tomogram.shape.y, out.y0, out.y1);
  clip(x, shape.x, tomogram.shape.x, out.x0, out.x1);
  const Shape3 inside{out.z1 - out.z0, out.y1 - out.y0, out.x1 - out.x0};
  if (inside.count() == 0) return out;
  const Volume<float> part = tomogram.read(z + out.z0, y + out.y0, x + out.x0, inside);
  for (int64_t k = 0; k < inside.z; ++k)
    for (int64_t j = 0; j < inside.y; ++j)
      std::copy(&part(k, j, 0), &part(k, j, 0) + inside.x, &out.voxels(out.z0 + k, out.y0 + j, out.x0));
  return out;
}

}  // namespace tessera
