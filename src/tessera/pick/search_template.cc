// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/search_template.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/fft/plan.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

constexpr double edge = 2;  // voxels

}  // namespace

double structure_radius(const Volume<float>& map) {
  const Shape3 n = map.shape();
  const double limit = 0.1 * statistics(map).maximum;
  double square = 0;
  for (int64_t z = 0, i = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x, ++i)
        if (map[i] > limit) {
          const Vec3 d{static_cast<double>(x - n.x / 2), static_cast<double>(y - n.y / 2),
                       static_cast<double>(z - n.z / 2)};
          square = std::max(square, d.dot(d));
        }
  return std::sqrt(square);
}

Volume<float> radial_mean(const Volume<float>& map) {
  const int64_t n = map.shape().x;
  std::vector<double> sum(2 * n), count(2 * n);
  const auto shell_of = [n](int64_t z, int64_t y, int64_t x) {
    return std::llround(
        std::hypot(static_cast<double>(z - n / 2), static_cast<double>(y - n / 2), static_cast<double>(x - n / 2)));
  };
  for (int64_t z = 0, i = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x, ++i) sum[shell_of(z, y, x)] += map[i], ++count[shell_of(z, y, x)];
  Volume<float> out(map.shape());
  for (int64_t z = 0, i = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x, ++i)
        out[i] = static_cast<float>(sum[shell_of(z, y, x)] / count[shell_of(z, y, x)]);
  return out;
}

SearchTemplate::SearchTemplate(const Volume<float>& structure, double radius, const std::function<double(Vec3)>& filter)
    : radius_(radius) {
  box_ = 2 * static_cast<int64_t>(std::ceil(radius + edge));
  // What the wedge smears out of the sphere must not come back into it on the other side.
  padded_ = fast_even_size(static_cast<int64_t>(std::ceil(1.5 * static_cast<double>(box_))));
  mask_ = soft_sphere(Shape3::cube(box_), radius, edge);
  for (const float m : mask_) mask_sum_ += m;
  spectrum_ = PaddedSpectrum(resize_volume(structure, Shape3::cube(padded_)), padded_ / 2 - 1);
  const HalfSpectrum shape(Shape3::cube(padded_));
  const auto n = static_cast<double>(padded_);
  double power = 0;
  for_each_frequency(shape, [&](int64_t index, int64_t kz, int64_t ky, int64_t kx) {
    const Vec3 k{static_cast<double>(kx), static_cast<double>(ky), static_cast<double>(kz)};
    if (k.norm() > n / 2 - 1) return;
    const double value = filter(k * (1 / n));
    if (value == 0) return;
    components_.push_back(
        {static_cast<float>(k.x), static_cast<float>(k.y), static_cast<float>(k.z), static_cast<float>(value), index});
    power += std::norm(spectrum_.sample(components_.back().x, components_.back().y, components_.back().z));
  });
  if (!(power > 0) || !std::isfinite(power))
    throw UserError(
        "nothing of the template is left within its mask and the band of the search; look at the map and "
        "its mask");
}

Volume<float> SearchTemplate::turn(const Rotation& structure_to_tomogram) const {
  const Mat3 back = structure_to_tomogram.inverse().matrix();
  float m[3][3];
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) m[i][j] = static_cast<float>(back.m[i][j]);
  HalfSpectrum spectrum(Shape3::cube(padded_));
  for (const Component& c : components_)
    spectrum.data()[c.index] = c.filter * spectrum_.sample(m[0][0] * c.x + m[0][1] * c.y + m[0][2] * c.z,
                                                           m[1][0] * c.x + m[1][1] * c.y + m[1][2] * c.z,
                                                           m[2][0] * c.x + m[2][1] * c.y + m[2][2] * c.z);
  Volume<float> out = resize_volume(centred_volume(std::move(spectrum)), Shape3::cube(box_));
  double sum = 0, square = 0;
  for (int64_t i = 0; i < out.size(); ++i) sum += mask_[i] * out[i], square += mask_[i] * out[i] * out[i];
  const double mean = sum / mask_sum_, variance = square - sum * mean;
  const auto scale = static_cast<float>(variance > 0 ? 1 / std::sqrt(variance) : 0);
  for (int64_t i = 0; i < out.size(); ++i) out[i] = mask_[i] * (out[i] - static_cast<float>(mean)) * scale;
  return out;
}

}  // namespace tessera
