// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/noise_spectrum.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"
#include "tessera/fft/plan.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

constexpr int64_t largest_tile = 64;
constexpr double direction_width = 15 * degree;
constexpr int64_t height_bins = 6;  // from 0 to 90°
constexpr double prior_count = 16;  // components of the mean of a shell that every bin is given

std::vector<float> hann(int64_t count) {
  std::vector<float> out(count);
  for (int64_t i = 0; i < count; ++i)
    out[i] =
        static_cast<float>(0.5 - 0.5 * std::cos(2 * pi * (static_cast<double>(i) + 0.5) / static_cast<double>(count)));
  return out;
}

int64_t tile_edge(int64_t size) {
  return std::min(largest_tile, size - size % 2);
}

// Σ of the squared window.
double window_power(Shape3 n) {
  double out = 1;
  for (const int64_t edge : {n.z, n.y, n.x}) {
    double sum = 0;
    for (const float w : hann(edge)) sum += static_cast<double>(w) * w;
    out *= sum;
  }
  return out;
}

// A tile less its mean, under the window; its mean.
double window_tile(Volume<float>& tile) {
  double sum = 0;
  int64_t count = 0;
  for (float& v : tile)
    if (std::isfinite(v)) sum += v, ++count;
  const double mean = count > 0 ? sum / static_cast<double>(count) : 0;
  const Shape3 n = tile.shape();
  const std::vector<float> wz = hann(n.z), wy = hann(n.y), wx = hann(n.x);
  for (int64_t z = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x) {
        float& v = tile(z, y, x);
        v = std::isfinite(v) ? (v - static_cast<float>(mean)) * wz[z] * wy[y] * wx[x] : 0.0f;
      }
  return mean;
}

}  // namespace

NoiseSpectrum::NoiseSpectrum(const Tomogram& tomogram, const std::optional<WedgeRange>& wedge, ExecContext& context)
    : wedge_(wedge) {
  const Shape3 n = tomogram.shape, tile{tile_edge(n.z), tile_edge(n.y), tile_edge(n.x)};
  radial_ = std::max({tile.z, tile.y, tile.x}) / 2 + 1;
  if (wedge_) {
    directions_ = std::max<int64_t>(1, std::llround((wedge_->max_tilt - wedge_->min_tilt) / direction_width) + 1);
    heights_ = height_bins;
  }
  const Shape3 tiles{n.z / tile.z, n.y / tile.y, n.x / tile.x};
  const size_t bins = static_cast<size_t>(radial_ * directions_ * heights_);
  std::vector<std::vector<double>> sums(tiles.count(), std::vector<double>(bins)), counts = sums;
  std::vector<double> means(tiles.count());
  context.threads.for_each(tiles.count(), [&](int64_t t, int) {
    if (context.stop_requested()) return;
    const auto start = [](int64_t i, int64_t count, int64_t edge, int64_t size) {
      return (size - count * edge) / 2 + i * edge;
    };
    Volume<float> box = tomogram.read(start(t / (tiles.y * tiles.x), tiles.z, tile.z, n.z),
                                      start(t / tiles.x % tiles.y, tiles.y, tile.y, n.y),
                                      start(t % tiles.x, tiles.x, tile.x, n.x), tile);
    means[t] = window_tile(box);
    const HalfSpectrum spectrum = spectrum_of(box);
    for_each_frequency(spectrum, [&](int64_t i, int64_t kz, int64_t ky, int64_t kx) {
      const Vec3 k{static_cast<double>(kx) / static_cast<double>(tile.x),
                   static_cast<double>(ky) / static_cast<double>(tile.y),
                   static_cast<double>(kz) / static_cast<double>(tile.z)};
      const double length = k.norm();
      if (length > 0.5 || (wedge_ && !wedge_observes(*wedge_, k.x, k.z))) return;
      const auto r = std::llround(2 * length * static_cast<double>(radial_ - 1));
      const int64_t to = bin(std::llround(direction_bin(k.x, k.z)), std::llround(height_bin(k.y, length)), r);
      sums[t][to] += std::norm(spectrum.data()[i]);
      counts[t][to] += 1;
    });
  });
  power_.assign(bins, 0);
  std::vector<double> count(bins);
  for (int64_t t = 0; t < tiles.count(); ++t) {
    mean_ += means[t] / static_cast<double>(tiles.count());
    for (size_t b = 0; b < bins; ++b) power_[b] += sums[t][b], count[b] += counts[t][b];
  }
  double all = 0, components = 0;
  for (size_t b = 0; b < bins; ++b) all += power_[b], components += count[b];
  const double scale = all > 0 ? components / all : 1;
  variance_ = 1 / (scale * window_power(tile));
  // Of few components a bin takes little more than the mean of its shell, or of the next where that holds none.
  double shell = 1;
  for (int64_t r = radial_ - 1; r >= 0; --r) {
    double power = 0, seen = 0;
    for (int64_t b = r; b < std::ssize(power_); b += radial_) power += power_[b], seen += count[b];
    if (seen > 0 && all > 0) shell = scale * power / seen;
    for (int64_t b = r; b < std::ssize(power_); b += radial_)
      power_[b] = (scale * power_[b] + prior_count * shell) / (count[b] + prior_count);
  }
  const double floor = 1e-4;
  for (double& p : power_) p = std::max(p, floor);
}

// 0 at the first tilt, directions − 1 at the last.
double NoiseSpectrum::direction_bin(double kx, double kz) const {
  if (!wedge_ || directions_ < 2) return 0;
  double direction = std::atan2(kz, kx);
  if (direction > pi / 2) direction -= pi;
  if (direction <= -pi / 2) direction += pi;
  const double low = wedge_->min_tilt, high = wedge_->max_tilt;
  // In the missing wedge the nearer end counts, round the half circle.
  if (direction < low && low - direction > direction + pi - high) direction = high;
  if (direction > high && direction - high > low + pi - direction) direction = low;
  return std::clamp((direction - low) / (high - low), 0.0, 1.0) * static_cast<double>(directions_ - 1);
}

double NoiseSpectrum::height_bin(double ky, double length) const {
  if (heights_ < 2 || !(length > 0)) return 0;
  return std::asin(std::min(1.0, std::abs(ky) / length)) / (pi / 2) * static_cast<double>(heights_ - 1);
}

double NoiseSpectrum::operator()(Vec3 k) const {
  if (power_.empty()) return 1;
  // Position between two nodes of an axis, and the share of the upper.
  struct Between {
    int64_t low = 0, high = 0;
    double share = 0;
    Between(double at, int64_t nodes)
        : low(std::clamp<int64_t>(static_cast<int64_t>(at), 0, std::max<int64_t>(0, nodes - 2))),
          high(std::min(low + 1, nodes - 1)),
          share(std::clamp(at - static_cast<double>(low), 0.0, 1.0)) {}
  };
  const double length = k.norm();
  const Between r(std::min(2 * length, 1.0) * static_cast<double>(radial_ - 1), radial_),
      d(direction_bin(k.x, k.z), directions_), h(height_bin(k.y, length), heights_);
  const auto along = [&](int64_t direction, int64_t height) {
    return (1 - r.share) * power_[bin(direction, height, r.low)] + r.share * power_[bin(direction, height, r.high)];
  };
  const auto across = [&](int64_t direction) {
    return (1 - h.share) * along(direction, h.low) + h.share * along(direction, h.high);
  };
  return (1 - d.share) * across(d.low) + d.share * across(d.high);
}

}  // namespace tessera
