// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <complex>
#include <mutex>

#include "tessera/base/units.h"
#include "tessera/fft/half_spectrum.h"
#include "tessera/fft/plan.h"
#include "tessera/simulate/gridding_kernel.h"
#include "tessera/simulate/reconstruct_tomogram.h"

namespace tessera {
namespace {

// The (x, z) plane of one y: [kz][kx] of a real plane (2 thickness) × (2 width).
class FourierPlane {
 public:
  FourierPlane(int64_t width, int64_t thickness)
      : width_(width),
        thickness_(thickness),
        columns_(fast_even_size(std::max<int64_t>(2 * width, 16))),
        rows_(fast_even_size(std::max<int64_t>(2 * thickness, 16))),
        spectrum_({1, rows_, columns_}),
        plane_(rows_ * columns_) {
    for (int64_t x = 0; x < width; ++x) correction_x_.push_back(undo(x - width / 2, columns_));
    for (int64_t z = 0; z < thickness; ++z) correction_z_.push_back(undo(z - thickness / 2, rows_));
  }

  void clear() { std::fill(spectrum_.begin(), spectrum_.end(), 0.0f); }

  // Adds a sample at (u cos θ, u sin θ) cycles per voxel, u ≥ 0, and its mirror image.
  void add(double u, double cosine, double sine, std::complex<float> value) {
    const double x = u * cosine * static_cast<double>(columns_), z = u * sine * static_cast<double>(rows_);
    if (x > 0.5 * static_cast<double>(columns_) - 1.001) return;
    const GriddingKernel& kernel = GriddingKernel::instance();
    const double floor_x = std::floor(x), floor_z = std::floor(z);
    float wx[4], wz[4];
    kernel.weights(static_cast<float>(x - floor_x), wx);
    kernel.weights(static_cast<float>(z - floor_z), wz);
    const int64_t first_x = static_cast<int64_t>(floor_x) - 1, first_z = static_cast<int64_t>(floor_z) - 1;
    for (int64_t k = 0; k < 4; ++k) {
      const int64_t kz = ((first_z + k) % rows_ + rows_) % rows_, mirrored = (rows_ - kz) % rows_;
      const std::complex<float> part = wz[k] * value;
      for (int64_t i = 0; i < 4; ++i) {
        const int64_t kx = first_x + i;
        if (kx >= 0) spectrum_(0, kz, kx) += wx[i] * part;
        if (kx <= 0) spectrum_(0, mirrored, -kx) += wx[i] * std::conj(part);
      }
    }
  }

  // Writes plane y of the volume.
  void finish(float scale, int64_t y, Volume<float>& out) {
    plans().real3({1, rows_, columns_}).inverse_unscaled(spectrum_.data(), plane_.data());
    for (int64_t z = 0; z < thickness_; ++z) {
      const float* from = &plane_[wrapped_index(z - thickness_ / 2, rows_) * columns_];
      float* to = &out(z, y, 0);
      for (int64_t x = 0; x < width_; ++x)
        to[x] = scale * correction_z_[z] * correction_x_[x] * from[wrapped_index(x - width_ / 2, columns_)];
    }
  }

 private:
  static float undo(int64_t place, int64_t size) {
    return static_cast<float>(
        1 / GriddingKernel::instance().transform(static_cast<double>(place) / static_cast<double>(size)));
  }
  int64_t width_, thickness_, columns_, rows_;
  HalfSpectrum spectrum_;
  AlignedVector<float> plane_;
  std::vector<float> correction_x_, correction_z_;
};

}  // namespace

Volume<float> invert_fourier(const Volume<float>& images, const std::vector<double>& tilts, int64_t thickness,
                             const ViewFilters& filters, ExecContext& context) {
  const Shape3 shape = images.shape();
  const int64_t length = 2 * (static_cast<int64_t>(filters.front().size()) - 1);
  const RealFftRows row_transform(length, 1);
  std::vector<std::complex<float>> centring(length / 2 + 1);  // phases about pixel x/2
  for (size_t u = 0; u < centring.size(); ++u) {
    const double turn =
        2 * pi * static_cast<double>(u) * static_cast<double>(shape.x / 2) / static_cast<double>(length);
    centring[u] = {static_cast<float>(std::cos(turn)), static_cast<float>(std::sin(turn))};
  }
  Volume<float> out({thickness, shape.y, shape.x});
  Progress progress(context.sink, "inverting", shape.y);
  std::mutex progress_lock;
  constexpr int64_t chunk = 8;
  context.threads.for_each((shape.y + chunk - 1) / chunk, [&](int64_t block, int) {
    if (context.stop_requested())
      throw Interrupted("stopped while the tomogram was reconstructed; nothing was written");
    FourierPlane plane(shape.x, thickness);
    AlignedVector<float> padded(length);
    AlignedVector<std::complex<float>> row(length / 2 + 1);
    const int64_t last = std::min(shape.y, (block + 1) * chunk);
    for (int64_t y = block * chunk; y < last; ++y) {
      plane.clear();
      for (int64_t j = 0; j < shape.z; ++j) {
        const double cosine = std::cos(tilts[j]), sine = std::sin(tilts[j]);
        pad_row(&images(j, y, 0), shape.x, length, padded.data());
        row_transform.forward(padded.data(), row.data());
        for (int64_t u = 0; u < length / 2; ++u) {
          const float weight = filters[j][u] * (u == 0 ? 0.5f : 1.0f);  // u = 0 is its own mirror image
          plane.add(static_cast<double>(u) / static_cast<double>(length), cosine, sine, weight * centring[u] * row[u]);
        }
      }
      plane.finish(1 / static_cast<float>(length), y, out);
    }
    const std::lock_guard lock(progress_lock);
    progress.advance(last - block * chunk);
  });
  return out;
}

}  // namespace tessera
