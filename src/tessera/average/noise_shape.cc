// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/noise_shape.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

constexpr int64_t neighbours = 2;  // shells on either side whose shape is taken to be the same
constexpr double least = 0.05;     // ν below this is not believed

double off_axis(double x, double y, double z) {
  const double r = std::hypot(x, z), k = std::hypot(r, y);
  return k > 0 ? r / k : 0;
}

size_t bin_of(const ObservedComponents& seen, size_t k) {
  const auto interval = static_cast<int>(off_axis(seen.x[k], seen.y[k], seen.z[k]) * NoiseShape::intervals);
  return static_cast<size_t>(seen.shell[k]) * NoiseShape::intervals + std::min(interval, NoiseShape::intervals - 1);
}

}  // namespace

NoiseShape::Sums NoiseShape::sums(const HalfSpectrum& spectrum, const ObservedComponents& seen) {
  const size_t bins = static_cast<size_t>(seen.max_shell + 1) * intervals;
  Sums out{std::vector<double>(bins), std::vector<double>(bins)};
  for (size_t k = 0; k < seen.size(); ++k) {
    const size_t bin = bin_of(seen, k);
    out.power[bin] += std::norm(spectrum.data()[seen.index[k]]);
    out.components[bin] += seen.noise_factor(k);
  }
  return out;
}

void NoiseShape::Sums::add(const Sums& other) {
  power.resize(std::max(power.size(), other.power.size()));
  components.resize(power.size());
  for (size_t i = 0; i < other.power.size(); ++i) {
    power[i] += other.power[i];
    components[i] += other.components[i];
  }
}

NoiseShape::NoiseShape(const Sums& all)
    : shells_(static_cast<int64_t>(all.power.size()) / intervals), shape_(all.power.size(), 1) {
  // Each shell counts relative to its own mean, so that a steep spectrum does not tilt the shape.
  std::vector<double> mean(shells_);
  for (int64_t s = 1; s < shells_; ++s) {
    const auto over = [&](const std::vector<double>& values) {
      return std::accumulate(&values[s * intervals], &values[s * intervals] + intervals, 0.0);
    };
    mean[s] = over(all.components) > 0 ? over(all.power) / over(all.components) : 0;
  }
  for (int64_t s = 1; s < shells_; ++s)
    for (int i = 0; i < intervals; ++i) {
      double sum = 0, components = 0;
      for (int64_t t = std::max<int64_t>(1, s - neighbours); t <= std::min(shells_ - 1, s + neighbours); ++t) {
        if (!(mean[t] > 0)) continue;
        sum += all.power[t * intervals + i] / mean[t];
        components += all.components[t * intervals + i];
      }
      if (components > 0) shape_[s * intervals + i] = std::max(least, sum / components);
    }
  if (shells_ > 1) std::copy_n(&shape_[intervals], intervals, shape_.begin());
}

double NoiseShape::value(double shell, double u) const {
  if (shells_ == 0) return 1;
  const auto along = [&](int64_t s) {
    const double at = std::clamp(u * intervals - 0.5, 0.0, static_cast<double>(intervals - 1));
    const auto low = std::min(static_cast<int64_t>(at), static_cast<int64_t>(intervals - 2));
    return std::lerp(shape_[s * intervals + low], shape_[s * intervals + low + 1], at - static_cast<double>(low));
  };
  const double inside = std::clamp(shell, 0.0, static_cast<double>(shells_ - 1));
  const auto low = std::min(static_cast<int64_t>(inside), std::max<int64_t>(0, shells_ - 2));
  return std::lerp(along(low), along(std::min(low + 1, shells_ - 1)), inside - static_cast<double>(low));
}

std::vector<float> NoiseShape::gains(int64_t box) const {
  const HalfSpectrum layout(Shape3::cube(box));
  std::vector<float> out(layout.size());
  for_each_frequency(layout, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    const auto kx = static_cast<double>(x), ky = static_cast<double>(y), kz = static_cast<double>(z);
    out[i] = static_cast<float>(1 / std::sqrt(value(std::sqrt(kx * kx + ky * ky + kz * kz), off_axis(kx, ky, kz))));
  });
  return out;
}

FourierWeight scaled(const FourierWeight& weight, const std::vector<float>& gains) {
  Volume<float> half = weight.half();
  for (int64_t i = 0; i < half.size(); ++i) half[i] *= gains[i];
  return FourierWeight::from_volume(half, weight.premultiplied() ? ParticleData::premultiplied : ParticleData::plain);
}

}  // namespace tessera
