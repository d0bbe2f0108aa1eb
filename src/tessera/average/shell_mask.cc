// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/shell_mask.h"

#include <cmath>

#include "tessera/base/units.h"
#include "tessera/volume/masks.h"

namespace tessera {

ShellMask::ShellMask(int64_t box, int bandwidth, int shells, double radius, double edge)
    : bandwidth_(bandwidth), shells_(shells), matrix_(static_cast<size_t>(bandwidth) * shells * shells) {
  constexpr double step = 0.25;  // of a voxel; the mask's edge is the sharpest thing
  const auto points = static_cast<int>((radius + edge) / step) + 1;
  const double unit = 2 * pi / static_cast<double>(box);
  std::vector<double> bessel(static_cast<size_t>(shells) * points);
  for (int l = 0; l < bandwidth; ++l) {
    for (int s = 0; s < shells; ++s)
      for (int i = 0; i < points; ++i) bessel[s * points + i] = std::sph_bessel(l, unit * (s + 1) * step * i);
    for (int s = 0; s < shells; ++s)
      for (int from = 0; from < shells; ++from) {
        double sum = 0;
        for (int i = 0; i < points; ++i) {
          const double r = step * i;
          sum += cosine_edge(r, radius, radius + edge) * r * r * bessel[s * points + i] * bessel[from * points + i];
        }
        const double kappa = unit * (from + 1);
        matrix_[(static_cast<size_t>(l) * shells + s) * shells + from] =
            static_cast<float>(2 / pi * sum * step * kappa * kappa * unit);
      }
  }
}

void ShellMask::apply(ShellHarmonics& map) const {
  std::vector<std::complex<float>> masked(shells_);
  for (int l = 0; l < bandwidth_; ++l)
    for (int m = 0; m <= l; ++m) {
      std::complex<float>* row = map.row(l, m);
      for (int s = 0; s < shells_; ++s) {
        const float* weights = &matrix_[(static_cast<size_t>(l) * shells_ + s) * shells_];
        std::complex<float> sum;
        for (int from = 0; from < shells_; ++from) sum += weights[from] * row[from];
        masked[s] = sum;
      }
      std::copy(masked.begin(), masked.end(), row);
    }
}

std::vector<double> radial_product(const ShellHarmonics& a, const ShellHarmonics& b, int64_t box) {
  // a_lm(r) = (i^l/2π²) Σ_s κ² Δκ j_l(κr) A_lm(s): the phases i^l cancel in the product.
  const double unit = 2 * pi / static_cast<double>(box);
  std::vector<double> out(box / 2 + 1);
  for (size_t r = 0; r < out.size(); ++r)
    for (int l = 0; l < a.bandwidth; ++l) {
      std::vector<double> factor(a.shells);
      for (int s = 0; s < a.shells; ++s) {
        const double kappa = unit * (s + 1);
        factor[s] = kappa * kappa * unit * std::sph_bessel(l, kappa * static_cast<double>(r)) / (2 * pi * pi);
      }
      for (int m = 0; m <= l; ++m) {
        std::complex<double> at_a, at_b;
        for (int s = 0; s < a.shells; ++s) {
          at_a += factor[s] * std::complex<double>(a.row(l, m)[s]);
          at_b += factor[s] * std::complex<double>(b.row(l, m)[s]);
        }
        out[r] += (m == 0 ? 1 : 2) * (std::conj(at_a) * at_b).real() / (4 * pi);
      }
    }
  return out;
}

}  // namespace tessera
