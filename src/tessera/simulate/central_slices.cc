// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/central_slices.h"

#include <cmath>
#include <complex>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/optics/tilt_geometry.h"
#include "tessera/simulate/gridding_kernel.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

// The volume in a box of twice the edge, divided by the kernel's transform along each axis.
Volume<float> padded_for_gridding(const Volume<float>& density) {
  const int64_t n = density.shape().x;
  std::vector<float> correction(n);
  for (int64_t i = 0; i < n; ++i)
    correction[i] = static_cast<float>(
        1 / GriddingKernel::instance().transform(static_cast<double>(i - n / 2) / static_cast<double>(2 * n)));
  Volume<float> corrected(density.shape());
  for (int64_t z = 0, i = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x, ++i) corrected[i] = density[i] * correction[z] * correction[y] * correction[x];
  return resize_volume(corrected, Shape3::cube(2 * n));
}

// exp(−2πi k·by/period) for k = first … last.
std::vector<std::complex<float>> phases(int64_t first, int64_t last, double by, double period) {
  std::vector<std::complex<float>> out;
  for (int64_t k = first; k <= last; ++k)
    out.emplace_back(std::polar(1.0, -2 * pi * static_cast<double>(k) * by / period));
  return out;
}

}  // namespace

CentralSlices::CentralSlices(const Volume<float>& density)
    : box_(density.shape().x), side_(2 * box_ + 1), row_(box_ + 2), values_(side_ * side_ * row_) {
  if (!density.shape().is_cube() || box_ < 4) throw InternalError("central slices need a cube of at least 4 voxels");
  const HalfSpectrum spectrum = centred_spectrum(padded_for_gridding(density));
  const int64_t size = 2 * box_;
  for (int64_t kz = -box_; kz <= box_; ++kz)
    for (int64_t ky = -box_; ky <= box_; ++ky) {
      std::complex<float>* row = &values_[((kz + box_) * side_ + ky + box_) * row_];
      // −n and n are the same component of a 2n-periodic spectrum.
      row[0] = std::conj(spectrum(wrapped_index(-kz, size) % size, wrapped_index(-ky, size) % size, 1));
      const std::complex<float>* from = &spectrum(wrapped_index(kz, size) % size, wrapped_index(ky, size) % size, 0);
      std::copy(from, from + box_ + 1, row + 1);
    }
}

std::complex<float> CentralSlices::at(float x, float y, float z) const {
  const bool mirrored = x < 0;
  if (mirrored) x = -x, y = -y, z = -z;
  const float fx = std::floor(x), fy = std::floor(y), fz = std::floor(z);
  const GriddingKernel& kernel = GriddingKernel::instance();
  float wx[4], wy[4], wz[4];
  kernel.weights(x - fx, wx);
  kernel.weights(y - fy, wy);
  kernel.weights(z - fz, wz);
  const std::complex<float>* corner =
      &values_[((static_cast<int64_t>(fz) - 1 + box_) * side_ + static_cast<int64_t>(fy) - 1 + box_) * row_ +
               static_cast<int64_t>(fx)];
  float sum[8] = {};
  for (int64_t k = 0; k < 4; ++k)
    for (int64_t j = 0; j < 4; ++j) {
      const float weight = wz[k] * wy[j];
      const float* row = reinterpret_cast<const float*>(corner + (k * side_ + j) * row_);
      for (int i = 0; i < 8; ++i) sum[i] += weight * row[i];
    }
  const float re = sum[0] * wx[0] + sum[2] * wx[1] + sum[4] * wx[2] + sum[6] * wx[3];
  const float im = sum[1] * wx[0] + sum[3] * wx[1] + sum[5] * wx[2] + sum[7] * wx[3];
  return {re, mirrored ? -im : im};
}

void CentralSlices::project(const Mat3& particle_from_ref, Vec3 shift, double tilt, HalfSpectrum& image) const {
  const int64_t size = image.real_shape().x, step = 2 * box_ / size;
  if (size * step != 2 * box_ || (step != 1 && step != 2) || image.real_shape() != Shape3{1, size, size})
    throw InternalError("a central slice must have once or twice the edge of the volume");
  std::fill(image.begin(), image.end(), 0.0f);
  const Mat3 ref_from_particle = particle_from_ref.transposed();
  const Vec3 along_u = ref_from_particle * specimen_frequency(1, 0, tilt);
  const Vec3 along_v = ref_from_particle * specimen_frequency(0, 1, tilt);
  const Vec3 moved = image_from_specimen(shift, tilt);
  // Strictly inside the radius, in components of this image.
  const auto edge = static_cast<int64_t>((radius() - 1e-3) / static_cast<double>(step));
  const auto period = static_cast<double>(size);
  const auto phase_u = phases(0, edge, moved.x, period), phase_v = phases(-edge, edge, moved.y, period);
  const double limit = radius() * radius() / static_cast<double>(step * step) - 1e-3;
  for (int64_t v = -edge; v <= edge; ++v) {
    const Vec3 start = along_v * static_cast<double>(v * step);
    std::complex<float>* out = &image(0, wrapped_index(v, size), 0);
    const auto last = static_cast<int64_t>(std::sqrt(std::max(0.0, limit - static_cast<double>(v * v))));
    for (int64_t u = 0; u <= last; ++u) {
      const Vec3 k = start + along_u * static_cast<double>(u * step);
      out[u] = at(static_cast<float>(k.x), static_cast<float>(k.y), static_cast<float>(k.z)) * phase_v[v + edge] *
               phase_u[u];
    }
  }
}

}  // namespace tessera
