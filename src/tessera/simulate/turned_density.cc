// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/turned_density.h"

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/simulate/gridding_kernel.h"
#include "tessera/volume/fourier.h"

namespace tessera {

TurnedDensity::TurnedDensity(const Volume<float>& density) : box_(density.shape().x), side_(2 * box_) {
  if (!density.shape().is_cube() || box_ % 2 != 0 || box_ < 8)
    throw InternalError("a density to be turned must be a cube of an even number of voxels, at least 8");
  HalfSpectrum spectrum = centred_spectrum(density);
  const GriddingKernel& kernel = GriddingKernel::instance();
  std::vector<float> correction(box_ / 2 + 1);
  for (size_t k = 0; k < correction.size(); ++k)
    correction[k] = static_cast<float>(1 / kernel.transform(static_cast<double>(k) / static_cast<double>(side_)));
  const int64_t limit = box_ * box_ / 4;
  for_each_frequency(spectrum, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    const bool inside = z * z + y * y + x * x < limit;
    spectrum.data()[i] *= inside ? correction[std::abs(z)] * correction[std::abs(y)] * correction[x] : 0.0f;
  });
  const Volume<float> fine = centred_volume(resize_spectrum(spectrum, side_));
  values_.assign(fine.begin(), fine.end());
}

float TurnedDensity::at(Vec3 position) const {
  const GriddingKernel& kernel = GriddingKernel::instance();
  const auto x = static_cast<float>(2 * position.x + static_cast<double>(box_)),
             y = static_cast<float>(2 * position.y + static_cast<double>(box_)),
             z = static_cast<float>(2 * position.z + static_cast<double>(box_));
  const float floor_x = std::floor(x), floor_y = std::floor(y), floor_z = std::floor(z);
  float wx[4], wy[4], wz[4];
  kernel.weights(x - floor_x, wx);
  kernel.weights(y - floor_y, wy);
  kernel.weights(z - floor_z, wz);
  const float* first =
      &values_[((static_cast<int64_t>(floor_z) - 1) * side_ + static_cast<int64_t>(floor_y) - 1) * side_ +
               static_cast<int64_t>(floor_x) - 1];
  float sum[4] = {0, 0, 0, 0};
  for (int64_t k = 0; k < 4; ++k)
    for (int64_t j = 0; j < 4; ++j) {
      const float weight = wz[k] * wy[j];
      const float* row = first + (k * side_ + j) * side_;
      for (int i = 0; i < 4; ++i) sum[i] += weight * row[i];
    }
  return wx[0] * sum[0] + wx[1] * sum[1] + wx[2] * sum[2] + wx[3] * sum[3];
}

}  // namespace tessera
