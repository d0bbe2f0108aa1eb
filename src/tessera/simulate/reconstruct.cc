// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/reconstruct.h"

#include <algorithm>
#include <cmath>
#include <complex>

#include "tessera/base/errors.h"
#include "tessera/fft/plan.h"
#include "tessera/simulate/gridding_kernel.h"
#include "tessera/simulate/view_filter.h"

namespace tessera {

TiltReconstruction::TiltReconstruction(int64_t box, std::vector<double> tilts) : box_(box), tilts_(std::move(tilts)) {
  if (box < 4) throw InternalError("reconstruction in a box of fewer than 4 voxels");
  if (tilts_.empty()) throw InternalError("reconstruction from no tilts");
  for (const double tilt : tilts_)
    if (!(std::cos(tilt) > -1e-9)) throw InternalError("reconstruction from a tilt beyond ±90°");
  if (!std::is_sorted(tilts_.begin(), tilts_.end()))
    throw InternalError("reconstruction from tilts that do not ascend");
  weights_ = view_filters(tilts_, "capped", box, 2 * box);
  for (auto& of_tilt : weights_)  // samples lie 1/2n apart along u
    for (float& weight : of_tilt) weight *= 0.5f * static_cast<float>(box);
}

TiltReconstruction::~TiltReconstruction() = default;

// The spectrum is kept in the order [ky][kz][kx], kx = 0 … n: an image row touches one plane of it only.
TiltReconstruction::Sum::Sum(const TiltReconstruction& plan)
    : plan_(plan), grid_(4 * plan.box_ * plan.box_ * (plan.box_ + 1)), real_(8 * plan.box_ * plan.box_ * plan.box_) {}

void TiltReconstruction::Sum::insert(size_t tilt, const HalfSpectrum& image) {
  if (image.real_shape() != plan_.image_shape()) throw InternalError("tilt image of another shape than the plan's");
  const int64_t n = plan_.box_, size = 2 * n, row = n + 1;
  const double cosine = std::max(0.0, std::cos(plan_.tilts_[tilt])), sine = std::sin(plan_.tilts_[tilt]);
  const GriddingKernel& kernel = GriddingKernel::instance();
  const double limit = plan_.radius() * plan_.radius() - 1e-3;
  const auto edge = static_cast<int64_t>(std::sqrt(limit));
  for (int64_t v = -edge; v <= edge; ++v) {
    const int64_t y = wrapped_index(v, size), mirrored_y = wrapped_index(-v, size) % size;
    std::complex<float>* plane = &grid_[y * size * row];
    std::complex<float>* mirrored_plane = &grid_[mirrored_y * size * row];
    const std::complex<float>* component = &image(0, y, 0);
    const auto last = static_cast<int64_t>(std::sqrt(std::max(0.0, limit - static_cast<double>(v * v))));
    for (int64_t u = 0; u <= last; ++u) {
      // Components u > 0 stand for their mirror images too; of u = 0 both are stored.
      const auto weight = static_cast<float>(plan_.weights_[tilt][u] * (u == 0 ? 0.5 : 1.0));
      const std::complex<float> value = weight * component[u];
      const auto x = static_cast<float>(static_cast<double>(u) * cosine),
                 z = static_cast<float>(static_cast<double>(u) * sine);
      const float floor_x = std::floor(x), floor_z = std::floor(z);
      float wx[4], wz[4];
      kernel.weights(x - floor_x, wx);
      kernel.weights(z - floor_z, wz);
      const int64_t first_x = static_cast<int64_t>(floor_x) - 1, first_z = static_cast<int64_t>(floor_z) - 1;
      for (int64_t k = 0; k < 4; ++k) {
        const int64_t kz = first_z + k;
        const std::complex<float> part = wz[k] * value;
        std::complex<float>* out = plane + (kz < 0 ? kz + size : kz) * row + first_x;
        if (first_x >= 0) {
          for (int64_t i = 0; i < 4; ++i) out[i] += wx[i] * part;
        } else {  // kx = −1 is stored as its mirror image
          for (int64_t i = 1; i < 4; ++i) out[i] += wx[i] * part;
          mirrored_plane[(kz <= 0 ? -kz : size - kz) * row + 1] += wx[0] * std::conj(part);
        }
      }
    }
  }
}

Volume<float> TiltReconstruction::Sum::finish() {
  const int64_t n = plan_.box_, size = 2 * n, row = n + 1;
  // On kx = 0 each inserted component still lacks its mirror image.
  for (int64_t y = 0; y < size; ++y)
    for (int64_t z = 0; z < size; ++z) {
      const int64_t other_y = (size - y) % size, other_z = (size - z) % size;
      if (other_y < y || (other_y == y && other_z < z)) continue;
      std::complex<float>&a = grid_[(y * size + z) * row], &b = grid_[(other_y * size + other_z) * row];
      const std::complex<float> sum = a + std::conj(b);
      a = sum;
      b = std::conj(sum);
    }
  plans().real3(Shape3::cube(size)).inverse_unscaled(grid_.data(), real_.data());
  std::fill(grid_.begin(), grid_.end(), 0.0f);
  // (1/n)² for an area in x and z, 1/2n for y, and the kernel's transform undone along the two gridded axes.
  std::vector<float> correction(n);
  for (int64_t i = 0; i < n; ++i)
    correction[i] = static_cast<float>(
        1 / GriddingKernel::instance().transform(static_cast<double>(i - n / 2) / static_cast<double>(size)));
  const auto scale = static_cast<float>(1 / (2 * std::pow(static_cast<double>(n), 3)));
  Volume<float> out(Shape3::cube(n));
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y) {
      const float* from = &real_[(wrapped_index(y - n / 2, size) * size + wrapped_index(z - n / 2, size)) * size];
      float* to = &out(z, y, 0);
      const float factor = scale * correction[z];
      for (int64_t x = 0; x < n; ++x) to[x] = from[wrapped_index(x - n / 2, size)] * factor * correction[x];
    }
  return out;
}

}  // namespace tessera
