// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/padded_spectrum.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/fft/plan.h"
#include "tessera/volume/fourier.h"

namespace tessera {

int64_t PaddedSpectrum::cut_box(int64_t box, int64_t max_shell) {
  return std::min(box, fast_even_size(2 * (max_shell + 5)));
}

PaddedSpectrum::PaddedSpectrum(const Volume<float>& volume, int64_t max_shell)
    : box_(volume.shape().x), max_shell_(std::min(max_shell, volume.shape().x / 2)) {
  if (!volume.shape().is_cube()) throw InternalError("padded spectrum of a non-cubic volume");
  const int64_t cut = cut_box(box_, max_shell_);
  if (cut < box_)
    fill(centred_volume(resize_spectrum(centred_spectrum(volume), cut)));
  else
    fill(volume);
}

PaddedSpectrum::PaddedSpectrum(const HalfSpectrum& centred, int64_t max_shell)
    : box_(centred.real_shape().x), max_shell_(std::min(max_shell, centred.real_shape().x / 2)) {
  fill(centred_volume(resize_spectrum(centred, cut_box(box_, max_shell_))));
}

void PaddedSpectrum::fill(const Volume<float>& volume) {
  const int64_t n = volume.shape().x, padded = 2 * n;
  // 1/sinc² of each voxel coordinate, and the place of each voxel in the padded box with the centre at index 0.
  // A cut volume has its values on fewer voxels: the sum over them is scaled back.
  const double scale = static_cast<double>(box_) / static_cast<double>(n);
  std::vector<float> correction(n);
  std::vector<int64_t> place(n);
  for (int64_t i = 0; i < n; ++i) {
    const double u = pi * static_cast<double>(i - n / 2) / static_cast<double>(padded);
    const double sinc = u == 0 ? 1 : std::sin(u) / u;
    correction[i] = static_cast<float>(scale / (sinc * sinc));
    place[i] = (i - n / 2 + padded) % padded;
  }
  Volume<float> large(Shape3::cube(padded));
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y) {
      const float zy = correction[z] * correction[y];
      const float* from = &volume(z, y, 0);
      float* to = &large(place[z], place[y], 0);
      for (int64_t x = 0; x < n; ++x) to[place[x]] = from[x] * zy * correction[x];
    }
  HalfSpectrum spectrum(large.shape());
  plans().real3(large.shape()).forward(large.data(), spectrum.data());
  // A margin of two samples: a point on the last shell, rounded, and its upper neighbour stay inside.
  edge_ = std::min<int64_t>(2 * max_shell_ + 2, n);
  width_ = 2 * edge_ + 2;
  row_ = edge_ + 2;
  values_.assign(width_ * width_ * row_, {});
  for (int64_t z = -edge_; z <= edge_; ++z)
    for (int64_t y = -edge_; y <= edge_; ++y)
      std::copy_n(&spectrum(wrapped_index(z, padded) % padded, wrapped_index(y, padded) % padded, 0), edge_ + 1,
                  &values_[((z + edge_) * width_ + y + edge_) * row_]);
}

}  // namespace tessera
