// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/fourier.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/fft/plan.h"

namespace tessera {
namespace {

// Cyclic shift by (dz, dy, dx) voxels, each in [0, n).
Volume<float> rolled(const Volume<float>& in, int64_t dz, int64_t dy, int64_t dx) {
  const Shape3 n = in.shape();
  Volume<float> out(n);
  for (int64_t z = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y) {
      const float* from = &in(z, y, 0);
      float* to = &out((z + dz) % n.z, (y + dy) % n.y, 0);
      std::copy(from, from + n.x - dx, to + dx);
      std::copy(from + n.x - dx, from + n.x, to);
    }
  return out;
}

}  // namespace

HalfSpectrum spectrum_of(const Volume<float>& volume) {
  HalfSpectrum out(volume.shape());
  plans().real3(volume.shape()).forward(volume.data(), out.data());
  return out;
}

Volume<float> volume_of(HalfSpectrum spectrum) {
  Volume<float> out(spectrum.real_shape());
  plans().real3(spectrum.real_shape()).inverse_unscaled(spectrum.data(), out.data());
  const float scale = 1.0f / static_cast<float>(out.size());
  for (float& v : out) v *= scale;
  return out;
}

HalfSpectrum centred_spectrum(const Volume<float>& volume) {
  const Shape3 n = volume.shape();
  return spectrum_of(rolled(volume, n.z - n.z / 2, n.y - n.y / 2, n.x - n.x / 2));
}

Volume<float> centred_volume(HalfSpectrum spectrum) {
  const Shape3 n = spectrum.real_shape();
  return rolled(volume_of(std::move(spectrum)), n.z / 2, n.y / 2, n.x / 2);
}

void shift_spectrum(HalfSpectrum& spectrum, Vec3 shift) {
  const Shape3 n = spectrum.real_shape();
  const auto phases = [](int64_t count, int64_t axis, double by) {
    std::vector<std::complex<double>> out(count);
    for (int64_t i = 0; i < count; ++i) {
      const double angle = -2 * pi * static_cast<double>(signed_frequency(i, axis)) * by / static_cast<double>(axis);
      // A fractional shift leaves the self-conjugate Nyquist component real only if its sine part is dropped.
      out[i] = 2 * i == axis ? std::complex<double>(std::cos(angle), 0)
                             : std::complex<double>(std::cos(angle), std::sin(angle));
    }
    return out;
  };
  const auto pz = phases(n.z, n.z, shift.z), py = phases(n.y, n.y, shift.y), px = phases(n.x / 2 + 1, n.x, shift.x);
  std::complex<float>* value = spectrum.data();
  for (const auto& z : pz)
    for (const auto& y : py) {
      const std::complex<double> zy = z * y;
      for (const auto& x : px) *value++ *= std::complex<float>(zy * x);
    }
}

HalfSpectrum resize_spectrum(const HalfSpectrum& spectrum, int64_t box) {
  const Shape3 from = spectrum.real_shape();
  if (!from.is_cube()) throw InternalError("resize_spectrum of a non-cubic volume");
  if (box == from.x) return spectrum;
  HalfSpectrum out(Shape3::cube(box));
  const int64_t edge = (std::min(box, from.x) - 1) / 2;
  const float scale = static_cast<float>(std::pow(static_cast<double>(box) / static_cast<double>(from.x), 3));
  for (int64_t z = -edge; z <= edge; ++z)
    for (int64_t y = -edge; y <= edge; ++y)
      for (int64_t x = 0; x <= edge; ++x)
        out(wrapped_index(z, box), wrapped_index(y, box), x) =
            scale * spectrum(wrapped_index(z, from.z), wrapped_index(y, from.y), x);
  return out;
}

Volume<float> resize_volume(const Volume<float>& volume, Shape3 shape, float fill) {
  const Shape3 from = volume.shape();
  Volume<float> out(shape, fill);
  const int64_t dz = from.z / 2 - shape.z / 2, dy = from.y / 2 - shape.y / 2, dx = from.x / 2 - shape.x / 2;
  const int64_t x0 = std::max<int64_t>(0, -dx), x1 = std::min(shape.x, from.x - dx);
  for (int64_t z = std::max<int64_t>(0, -dz); z < std::min(shape.z, from.z - dz); ++z)
    for (int64_t y = std::max<int64_t>(0, -dy); y < std::min(shape.y, from.y - dy); ++y)
      if (x1 > x0)
        std::copy(&volume(z + dz, y + dy, x0 + dx), &volume(z + dz, y + dy, x0 + dx) + (x1 - x0), &out(z, y, x0));
  return out;
}

}  // namespace tessera
