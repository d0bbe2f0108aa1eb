// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/correlator.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/so3/wigner.h"

namespace tessera {
namespace {

constexpr size_t triangle(int l) {  // first index of degree l in [l][n ≤ l]
  return static_cast<size_t>(l) * (l + 1) / 2;
}

}  // namespace

So3Correlator::So3Correlator(int bandwidth)
    : bandwidth_(bandwidth), block_(triangle(bandwidth)), d_(static_cast<size_t>(bandwidth) * bandwidth * block_) {
  for (int j = 0; j < bandwidth; ++j)
    for (int m = 0; m < bandwidth; ++m)
      for (int n = 0; n < bandwidth; ++n) {
        const auto column = wigner_d_column(bandwidth - 1, m, n, pi * (j + 0.5) / bandwidth);
        const int first = std::max(m, n);
        for (int l = first; l < bandwidth; ++l)
          d_[table_index(j, m) + triangle(l) + n] = static_cast<float>(column[l - first]);
      }
  for (int j = 0; j < bandwidth; ++j) {
    double sum = 1;
    for (int k = 1; 2 * k <= bandwidth; ++k)
      sum -= 2 * std::cos(2 * k * pi * (j + 0.5) / bandwidth) / (4.0 * k * k - 1);
    quadrature_.push_back(sum / bandwidth / (4.0 * bandwidth * bandwidth));
  }
}

double So3Correlator::step() const {
  return pi / bandwidth_;
}

Rotation So3Correlator::rotation(int64_t index) const {
  const int64_t n = 2 * bandwidth_;
  const int64_t k = index % n, i = index / n % n, j = index / (n * n);
  return Rotation::from_euler(
      {step() * static_cast<double>(i), step() * (static_cast<double>(j) + 0.5), step() * static_cast<double>(k)});
}

void So3Correlator::neighbours(int64_t index, int64_t (&out)[26]) const {
  const int64_t n = 2 * bandwidth_, L = bandwidth_;
  const int64_t k = index % n, i = index / n % n, j = index / (n * n);
  int count = 0;
  for (int dj = -1; dj <= 1; ++dj)
    for (int di = -1; di <= 1; ++di)
      for (int dk = -1; dk <= 1; ++dk) {
        if (dj == 0 && di == 0 && dk == 0) continue;
        int64_t jj = j + dj, ii = i + di, kk = k + dk;
        if (jj < 0 || jj >= L) {  // over the pole
          jj = jj < 0 ? 0 : L - 1;
          ii += L;
          kk += L;
        }
        out[count++] = (jj * n + (ii + n) % n) * n + (kk + n) % n;
      }
}

So3Correlator::Reference So3Correlator::prepare(const ShellHarmonics& g) const {
  if (g.bandwidth != bandwidth_) throw InternalError("harmonics and correlator differ in bandwidth");
  Reference out;
  out.shells = g.shells;
  for (int l = 0; l < bandwidth_; ++l) {
    out.offset.push_back(out.re.size());
    for (int s = 0; s < g.shells; ++s)
      for (int n = 0; n <= l; ++n) {
        out.re.push_back(g.row(l, n)[s].real());
        out.im.push_back(g.row(l, n)[s].imag());
      }
  }
  return out;
}

void So3Correlator::correlate(const ShellHarmonics& f, const Reference& g, const std::vector<float>& shell_weight,
                              float* out, Workspace& work) const {
  const int L = bandwidth_, n_phi = 2 * L, S = f.shells;
  if (f.bandwidth != L || g.shells != S || static_cast<int>(shell_weight.size()) != S)
    throw InternalError("harmonics of different bandwidth or shells");
  // I^l_mn for n ≥ 0 and all m, order [m + L − 1][l][n]; the factor (−1)^{l+n} of negative m is put in here.
  const size_t orders = 2 * static_cast<size_t>(L) - 1;
  work.product_re.assign(orders * block_, 0.0f);
  work.product_im.assign(orders * block_, 0.0f);
  for (int l = 0; l < L; ++l)
    for (int m = -l; m <= l; ++m) {
      float* re = &work.product_re[(m + L - 1) * block_ + triangle(l)];
      float* im = &work.product_im[(m + L - 1) * block_ + triangle(l)];
      const std::complex<float>* row = f.row(l, std::abs(m));
      const float* g_re = &g.re[g.offset[l]];
      const float* g_im = &g.im[g.offset[l]];
      for (int s = 0; s < S; ++s, g_re += l + 1, g_im += l + 1) {
        std::complex<float> a = row[s] * shell_weight[s];
        if (m < 0) a = (m % 2 == 0 ? 1.0f : -1.0f) * std::conj(a);
        const float ar = a.real(), ai = a.imag();
        for (int n = 0; n <= l; ++n) {  // a · conj(g)
          re[n] += ar * g_re[n] + ai * g_im[n];
          im[n] += ai * g_re[n] - ar * g_im[n];
        }
      }
      if (m < 0)
        for (int n = 0; n <= l; ++n)
          if ((l + n) % 2 != 0) {
            re[n] = -re[n];
            im[n] = -im[n];
          }
    }
  const RealFft3& fft = plans().real3({1, n_phi, n_phi});
  work.plane.resize(static_cast<size_t>(n_phi) * (L + 1));
  work.row.resize(2 * static_cast<size_t>(L));
  float* sum_re = work.row.data();
  float* sum_im = sum_re + L;
  for (int j = 0; j < L; ++j) {
    std::fill(work.plane.begin(), work.plane.end(), std::complex<float>());
    for (int m = -(L - 1); m < L; ++m) {
      const float* d = &d_[table_index(m < 0 ? L - 1 - j : j, std::abs(m))];
      const float* re = &work.product_re[(m + L - 1) * block_];
      const float* im = &work.product_im[(m + L - 1) * block_];
      std::fill(sum_re, sum_re + 2 * L, 0.0f);
      for (int l = std::abs(m); l < L; ++l) {
        const size_t at = triangle(l);
        for (int n = 0; n <= l; ++n) {
          sum_re[n] += d[at + n] * re[at + n];
          sum_im[n] += d[at + n] * im[at + n];
        }
      }
      std::complex<float>* plane = &work.plane[static_cast<size_t>(m < 0 ? m + n_phi : m) * (L + 1)];
      for (int n = 0; n < L; ++n) plane[n] = {sum_re[n], sum_im[n]};
    }
    fft.inverse_unscaled(work.plane.data(), out + static_cast<size_t>(j) * n_phi * n_phi);
  }
}

So3Correlator::Reference So3Correlator::empty(int shells) const {
  return prepare(ShellHarmonics(bandwidth_, shells));
}

ShellHarmonics So3Correlator::restore(const Reference& g) const {
  ShellHarmonics out(bandwidth_, g.shells);
  for (int l = 0; l < bandwidth_; ++l)
    for (int s = 0; s < g.shells; ++s)
      for (int n = 0; n <= l; ++n) {
        const size_t at = g.offset[l] + static_cast<size_t>(s) * (l + 1) + n;
        out.row(l, n)[s] = {g.re[at], n == 0 ? 0.0f : g.im[at]};
      }
  return out;
}

void So3Correlator::moments(const float* p, Moments& out, Workspace& work) const {
  const int L = bandwidth_, n_phi = 2 * L;
  const size_t orders = 2 * static_cast<size_t>(L) - 1, half = static_cast<size_t>(L) + 1;
  const size_t plane_size = static_cast<size_t>(n_phi) * half;
  out.re.assign(orders * block_, 0.0f);
  out.im.assign(orders * block_, 0.0f);
  const RealFft3& fft = plans().real3({1, n_phi, n_phi});
  work.plane.resize(plane_size);
  work.spectrum_re.resize(L * plane_size);
  work.spectrum_im.resize(L * plane_size);
  for (int j = 0; j < L; ++j) {  // Σ p e^{i(mα+nγ)} is the conjugate of the forward transform
    fft.forward(p + static_cast<size_t>(j) * n_phi * n_phi, work.plane.data());
    for (size_t i = 0; i < plane_size; ++i) {
      work.spectrum_re[j * plane_size + i] = work.plane[i].real();
      work.spectrum_im[j * plane_size + i] = -work.plane[i].imag();
    }
  }
  for (int m = -(L - 1); m < L; ++m) {
    float* re = &out.re[(m + L - 1) * block_];
    float* im = &out.im[(m + L - 1) * block_];
    for (int j = 0; j < L; ++j) {
      const float* d = &d_[table_index(m < 0 ? L - 1 - j : j, std::abs(m))];
      const size_t row = j * plane_size + static_cast<size_t>(m < 0 ? m + n_phi : m) * half;
      const float* from_re = &work.spectrum_re[row];
      const float* from_im = &work.spectrum_im[row];
      for (int l = std::abs(m); l < L; ++l) {
        const size_t at = triangle(l);
        for (int n = 0; n <= l; ++n) {
          re[at + n] += d[at + n] * from_re[n];
          im[at + n] += d[at + n] * from_im[n];
        }
      }
    }
    if (m < 0)
      for (int l = -m; l < L; ++l)
        for (int n = 0; n <= l; ++n)
          if ((l + n) % 2 != 0) {
            re[triangle(l) + n] = -re[triangle(l) + n];
            im[triangle(l) + n] = -im[triangle(l) + n];
          }
  }
}

void So3Correlator::turn_back(const Moments& p, const ShellHarmonics& f, Reference& sums) const {
  const int L = bandwidth_, S = f.shells;
  if (f.bandwidth != L || sums.shells != S) throw InternalError("harmonics of different bandwidth or shells");
  for (int l = 0; l < L; ++l)
    for (int m = -l; m <= l; ++m) {
      const float* p_re = &p.re[(m + L - 1) * block_ + triangle(l)];
      const float* p_im = &p.im[(m + L - 1) * block_ + triangle(l)];
      const std::complex<float>* row = f.row(l, std::abs(m));
      float* re = &sums.re[sums.offset[l]];
      float* im = &sums.im[sums.offset[l]];
      for (int s = 0; s < S; ++s, re += l + 1, im += l + 1) {
        std::complex<float> a = row[s];
        if (m < 0) a = (m % 2 == 0 ? 1.0f : -1.0f) * std::conj(a);
        const float ar = a.real(), ai = a.imag();
        for (int n = 0; n <= l; ++n) {
          re[n] += ar * p_re[n] - ai * p_im[n];
          im[n] += ai * p_re[n] + ar * p_im[n];
        }
      }
    }
}

}  // namespace tessera
