// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/translation_search.h"

#include <algorithm>
#include <cmath>

#include "tessera/fft/plan.h"

namespace tessera {
namespace {

// Offset of the vertex of the parabola through three equally spaced values, within ±½.
double parabola(double before, double at, double after) {
  const double bend = before - 2 * at + after;
  return bend < 0 ? std::clamp(0.5 * (before - after) / bend, -0.5, 0.5) : 0;
}

}  // namespace

std::vector<ShiftPeak> search_shift(const WeightedParticle& particle, const PaddedSpectrum& reference,
                                    const Rotation& particle_from_ref, double max_shift, int peaks) {
  const ObservedComponents& c = *particle.components;
  const int64_t m = std::min(fast_even_size(2 * c.max_shell + 2), std::max<int64_t>(c.box, 2 * c.max_shell + 2));
  const double spacing = static_cast<double>(c.box) / static_cast<double>(m);
  HalfSpectrum product(Shape3::cube(m));
  const Mat3 back = particle_from_ref.inverse().matrix();
  for (size_t i = 0; i < c.size(); ++i) {
    const Vec3 q = back * Vec3{c.x[i], c.y[i], c.z[i]};
    const auto a = reference.sample(static_cast<float>(q.x), static_cast<float>(q.y), static_cast<float>(q.z));
    const std::complex<float> p(particle.re[i], particle.im[i]);  // counts ±k: halved in the full sum
    const auto value = 0.5f * p * std::conj(a);
    const auto kx = static_cast<int64_t>(c.x[i]), ky = static_cast<int64_t>(c.y[i]), kz = static_cast<int64_t>(c.z[i]);
    product(wrapped_index(kz, m), wrapped_index(ky, m), kx) = value;
    if (kx == 0) product(wrapped_index(-kz, m), wrapped_index(-ky, m), 0) = std::conj(value);
  }
  Volume<float> cross(Shape3::cube(m));
  plans().real3(cross.shape()).inverse_unscaled(product.data(), cross.data());
  const auto at = [&](int64_t z, int64_t y, int64_t x) -> double {
    return cross((z + 2 * m) % m, (y + 2 * m) % m, (x + 2 * m) % m);
  };
  const auto reach = std::min(static_cast<int64_t>(max_shift / spacing), m / 2 - 1);
  std::vector<ShiftPeak> found;
  for (int64_t z = -reach; z <= reach; ++z)
    for (int64_t y = -reach; y <= reach; ++y)
      for (int64_t x = -reach; x <= reach; ++x) {
        if (static_cast<double>(z * z + y * y + x * x) * spacing * spacing > max_shift * max_shift) continue;
        const double here = at(z, y, x);
        if (peaks > 1 && (here < at(z - 1, y, x) || here < at(z + 1, y, x) || here < at(z, y - 1, x) ||
                          here < at(z, y + 1, x) || here < at(z, y, x - 1) || here < at(z, y, x + 1)))
          continue;
        if (peaks == 1 && !found.empty() && here <= found.front().cross) continue;
        const Vec3 offset{parabola(at(z, y, x - 1), here, at(z, y, x + 1)),
                          parabola(at(z, y - 1, x), here, at(z, y + 1, x)),
                          parabola(at(z - 1, y, x), here, at(z + 1, y, x))};
        const Vec3 cell{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)};
        if (peaks == 1) found.clear();
        found.push_back({(cell + offset) * spacing, here});
      }
  std::stable_sort(found.begin(), found.end(),
                   [](const ShiftPeak& a, const ShiftPeak& b) { return a.cross > b.cross; });
  if (found.size() > static_cast<size_t>(peaks)) found.resize(peaks);
  if (found.empty()) found.push_back({{}, at(0, 0, 0)});
  for (ShiftPeak& peak : found) {
    const double length = peak.shift_voxels.norm();
    if (length > max_shift && length > 0) peak.shift_voxels = peak.shift_voxels * (max_shift / length);
  }
  return found;
}

}  // namespace tessera
