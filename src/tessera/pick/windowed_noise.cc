// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/windowed_noise.h"

#include <algorithm>
#include <cmath>

#include "tessera/fft/plan.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

// Spectrum of the real field whose transform is the real, even function value(k in cycles per voxel), plain order.
template <typename Value>
Volume<float> field_of(int64_t n, Value&& value) {
  HalfSpectrum spectrum(Shape3::cube(n));
  const double unit = 1 / static_cast<double>(n);
  for_each_frequency(spectrum, [&](int64_t i, int64_t kz, int64_t ky, int64_t kx) {
    spectrum.data()[i] = static_cast<float>(
        value(Vec3{static_cast<double>(kx), static_cast<double>(ky), static_cast<double>(kz)} * unit, i));
  });
  Volume<float> out(Shape3::cube(n));
  plans().real3(Shape3::cube(n)).inverse_unscaled(spectrum.data(), out.data());
  const auto scale = static_cast<float>(std::pow(unit, 3));
  for (float& v : out) v *= scale;
  return out;
}

}  // namespace

Volume<float> windowed_noise(const NoiseSpectrum& noise, double variance, const Volume<float>& window) {
  const int64_t n = window.shape().x, wide = 2 * n;
  Volume<float> product = field_of(wide, [&](Vec3 k, int64_t) { return variance * noise(k); });
  Volume<float> padded(Shape3::cube(wide));
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y) std::copy(&window(z, y, 0), &window(z, y, 0) + n, &padded(z, y, 0));
  const HalfSpectrum shape = spectrum_of(padded);
  const Volume<float> correlation = field_of(wide, [&](Vec3, int64_t i) { return std::norm(shape.data()[i]); });
  for (int64_t i = 0; i < product.size(); ++i) product[i] *= correlation[i];
  const HalfSpectrum spread = spectrum_of(product);
  Volume<float> out(window.shape());
  // Every second component of the wide transform is one of the box; those of kx < 0 are their mirror images'.
  for (int64_t z = 0, i = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x, ++i) {
        const int64_t sign = x < n / 2 ? -1 : 1;
        const int64_t kx = sign * (x - n / 2), ky = sign * (y - n / 2), kz = sign * (z - n / 2);
        out[i] = std::max(
            0.0F, spread(wrapped_index(2 * kz, wide) % wide, wrapped_index(2 * ky, wide) % wide, 2 * kx).real());
      }
  return out;
}

}  // namespace tessera
