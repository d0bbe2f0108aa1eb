// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/sphere_transform.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"

namespace tessera {

void gauss_legendre(int count, std::vector<double>& nodes, std::vector<double>& weights) {
  nodes.assign(count, 0);
  weights.assign(count, 0);
  for (int i = 0; i < count; ++i) {
    double x = std::cos(pi * (i + 0.75) / (count + 0.5)), slope = 1;
    for (int step = 0; step < 100; ++step) {  // Newton on P_count
      double p = 1, before = 0;
      for (int l = 1; l <= count; ++l) {
        const double next = ((2 * l - 1) * x * p - (l - 1) * before) / l;
        before = p;
        p = next;
      }
      slope = count * (x * p - before) / (x * x - 1);
      const double move = p / slope;
      x -= move;
      if (std::abs(move) < 1e-15) break;
    }
    nodes[i] = x;
    weights[i] = 2 / ((1 - x * x) * slope * slope);
  }
}

std::vector<double> normalised_legendre_column(int l_max, int m, double x) {
  std::vector<double> column;
  double start = std::sqrt(1 / (4 * pi));  // P̄_mm = (−1)^m √((2m+1)!!/(2m)!! /4π) sin^m θ
  const double sine = std::sqrt(std::max(0.0, 1 - x * x));
  for (int k = 1; k <= m; ++k) start *= -sine * std::sqrt((2.0 * k + 1) / (2.0 * k));
  column.push_back(start);
  double before = 0;
  for (int l = m + 1; l <= l_max; ++l) {
    const double ll = l, mm = m;
    const double a = std::sqrt((4 * ll * ll - 1) / (ll * ll - mm * mm));
    const double b = l - 1 > m ? std::sqrt(((ll - 1) * (ll - 1) - mm * mm) / (4 * (ll - 1) * (ll - 1) - 1)) : 0;
    const double next = a * (x * column.back() - b * before);
    before = column.back();
    column.push_back(next);
  }
  return column;
}

SphereTransform::SphereTransform(int bandwidth, int shells)
    : bandwidth_(bandwidth), shells_(shells), row_fft_(int64_t{2} * bandwidth, int64_t{2} * bandwidth * shells) {
  const int half = bandwidth;
  gauss_legendre(2 * bandwidth, cosine_, weight_);
  legendre_offset_.resize(bandwidth);
  size_t size = 0;
  for (int m = 0; m < bandwidth; ++m) {
    legendre_offset_[m] = size;
    size += static_cast<size_t>(bandwidth - m) * half;
  }
  legendre_.resize(size);
  for (int m = 0; m < bandwidth; ++m)
    for (int i = 0; i < half; ++i) {
      const auto column = normalised_legendre_column(bandwidth - 1, m, cosine_[i]);
      for (int l = m; l < bandwidth; ++l)
        legendre_[legendre_offset_[m] + static_cast<size_t>(l - m) * half + i] =
            static_cast<float>(column[l - m] * weight_[i] * pi / bandwidth);
    }
}

Vec3 SphereTransform::direction(int i, int j) const {
  const double sine = std::sqrt(1 - cosine_[i] * cosine_[i]), phi = pi * j / bandwidth_;
  return {sine * std::cos(phi), sine * std::sin(phi), cosine_[i]};
}

void SphereTransform::analyse(const float* samples, ShellHarmonics& out, Workspace& work) const {
  const int L = bandwidth_, S = shells_, rows = 2 * L, stride = L + 1;
  work.rows.resize(static_cast<size_t>(S) * rows * stride);
  row_fft_.forward(samples, work.rows.data());
  work.even.resize(static_cast<size_t>(L) * S);
  work.odd.resize(work.even.size());
  for (int m = 0; m < L; ++m) {
    // Northern and southern latitudes folded: P_lm(−x) = (−1)^{l+m} P_lm(x).
    for (int s = 0; s < S; ++s) {
      const std::complex<float>* shell = &work.rows[static_cast<size_t>(s) * rows * stride];
      for (int i = 0; i < L; ++i) {
        const auto north = shell[i * stride + m], south = shell[(rows - 1 - i) * stride + m];
        work.even[static_cast<size_t>(i) * S + s] = north + south;
        work.odd[static_cast<size_t>(i) * S + s] = north - south;
      }
    }
    for (int l = m; l < L; ++l) {
      const float* legendre = &legendre_[legendre_offset_[m] + static_cast<size_t>(l - m) * L];
      const float* folded = reinterpret_cast<const float*>((l - m) % 2 == 0 ? work.even.data() : work.odd.data());
      float* sum = reinterpret_cast<float*>(out.row(l, m));
      std::fill(sum, sum + int64_t{2} * S, 0.0f);
      for (int i = 0; i < L; ++i) {
        const float p = legendre[i];
        const float* from = folded + static_cast<size_t>(i) * 2 * S;
        for (int s = 0; s < 2 * S; ++s) sum[s] += p * from[s];
      }
    }
  }
}

void SphereTransform::synthesise(const ShellHarmonics& harmonics, float* samples, Workspace& work) const {
  const int L = bandwidth_, S = shells_, rows = 2 * L, stride = L + 1;
  work.rows.assign(static_cast<size_t>(S) * rows * stride, {});
  work.even.resize(static_cast<size_t>(L) * S);
  work.odd.resize(work.even.size());
  for (int m = 0; m < L; ++m) {
    std::fill(work.even.begin(), work.even.end(), std::complex<float>());
    std::fill(work.odd.begin(), work.odd.end(), std::complex<float>());
    for (int l = m; l < L; ++l) {
      const float* legendre = &legendre_[legendre_offset_[m] + static_cast<size_t>(l - m) * L];
      const float* from = reinterpret_cast<const float*>(harmonics.row(l, m));
      float* folded = reinterpret_cast<float*>((l - m) % 2 == 0 ? work.even.data() : work.odd.data());
      for (int i = 0; i < L; ++i) {
        const auto p = static_cast<float>(legendre[i] / (weight_[i] * pi / L));
        float* to = folded + static_cast<size_t>(i) * 2 * S;
        for (int s = 0; s < 2 * S; ++s) to[s] += p * from[s];
      }
    }
    for (int s = 0; s < S; ++s) {
      std::complex<float>* shell = &work.rows[static_cast<size_t>(s) * rows * stride];
      for (int i = 0; i < L; ++i) {
        const auto even = work.even[static_cast<size_t>(i) * S + s], odd = work.odd[static_cast<size_t>(i) * S + s];
        shell[i * stride + m] = even + odd;
        shell[(rows - 1 - i) * stride + m] = even - odd;
      }
    }
  }
  row_fft_.inverse_unscaled(work.rows.data(), samples);
}

}  // namespace tessera
