// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/fourier_weight.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/fft/half_spectrum.h"

namespace tessera {

FourierWeight FourierWeight::from_volume(const Volume<float>& volume, ParticleData data) {
  const Shape3 shape = volume.shape();
  const int64_t n = shape.z;
  const bool whole = shape.is_cube(), half = shape.y == n && shape.x == n / 2 + 1;
  if (!whole && !half)
    throw UserError(fmt::format("a Fourier weight must be n×n×n or n×n×(n/2+1) voxels, this one is {}×{}×{}", shape.x,
                                shape.y, shape.z));
  FourierWeight out;
  out.box_ = n;
  out.premultiplied_ = data == ParticleData::premultiplied;
  out.values_ = Volume<float>({n, n, n / 2 + 1});
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x <= n / 2; ++x) {
        if (half) {
          out.values_(z, y, x) = volume(z, y, x);
          continue;
        }
        // An even box holds only one of ±Nyquist: the mirror image of kx = +n/2 is read at index 0.
        const auto centred = [n](int64_t k) { return (k + n / 2 + n) % n; };
        out.values_(z, y, x) = volume(centred(signed_frequency(z, n)), centred(signed_frequency(y, n)), centred(x));
      }
  const int64_t edge = n / 2 + 1, width = 2 * edge + 2;
  out.padded_ = Volume<float>({width, width, edge + 2});
  const auto inside = [n](int64_t k) { return wrapped_index(std::clamp<int64_t>(k, -((n - 1) / 2), n / 2), n); };
  for (int64_t z = 0; z < width; ++z)
    for (int64_t y = 0; y < width; ++y)
      for (int64_t x = 0; x < edge + 2; ++x) {
        const float h = out.values_(inside(z - edge), inside(y - edge), std::min(x, n / 2));
        out.padded_(z, y, x) = out.premultiplied_ ? h * h : h;
      }
  return out;
}

FourierWeight FourierWeight::uniform(int64_t box) {
  return from_volume(Volume<float>(Shape3::cube(box), 1.0f));
}

FourierWeight::Factors FourierWeight::sample(float x, float y, float z) const {
  const float sign = x < 0 ? -1.0f : 1.0f, edge = static_cast<float>(box_ / 2 + 1);
  x *= sign;
  y = y * sign + edge;
  z = z * sign + edge;
  const auto ix = static_cast<int64_t>(x), iy = static_cast<int64_t>(y), iz = static_cast<int64_t>(z);
  const float fx = x - static_cast<float>(ix), fy = y - static_cast<float>(iy), fz = z - static_cast<float>(iz);
  const auto row = [&](int64_t zz, int64_t yy) {
    const float* p = &padded_(zz, yy, ix);
    return p[0] + fx * (p[1] - p[0]);
  };
  const auto plane = [&](int64_t zz) {
    const float a = row(zz, iy);
    return a + fy * (row(zz, iy + 1) - a);
  };
  const float a = plane(iz);
  const float value = a + fz * (plane(iz + 1) - a);
  if (premultiplied_) return {value > 0 ? 1.0f : 0.0f, value};
  return {value, value * value};
}

ObservedComponents::ObservedComponents(const FourierWeight& weights, int64_t max_shell)
    : box(weights.box()), max_shell(max_shell), premultiplied(weights.premultiplied()) {
  const HalfSpectrum layout(Shape3::cube(box));
  const Volume<float>& half = weights.half();
  float largest = 0;
  for (const float v : half) largest = std::max(largest, std::abs(v));
  const int64_t edge = std::min(max_shell, (box - 1) / 2);  // the Nyquist planes hold no phase of their own: left out
  for (int64_t kz = -edge; kz <= edge; ++kz)
    for (int64_t ky = -edge; ky <= edge; ++ky)
      for (int64_t kx = 0; kx <= edge; ++kx) {
        const double radius = std::sqrt(static_cast<double>(kx * kx + ky * ky + kz * kz));
        const auto shell_of = static_cast<int32_t>(std::lround(radius));
        if (shell_of < 1 || shell_of > max_shell || radius > static_cast<double>(max_shell)) continue;
        // On the plane kx = 0 both of ±k are stored: take one of them, counted twice.
        if (kx == 0 && (ky < 0 || (ky == 0 && kz < 0))) continue;
        const int64_t iz = wrapped_index(kz, box), iy = wrapped_index(ky, box);
        const float h = half(iz, iy, kx);
        if (std::abs(h) < 1e-3f * largest) continue;
        x.push_back(static_cast<float>(kx));
        y.push_back(static_cast<float>(ky));
        z.push_back(static_cast<float>(kz));
        index.push_back(static_cast<int32_t>(layout.index(iz, iy, kx)));
        shell.push_back(shell_of);
        weight.push_back(h);
      }
}

}  // namespace tessera
