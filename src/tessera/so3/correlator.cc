// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/correlator.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/so3/wigner.h"

namespace tessera {
namespace {

using Float8 = float __attribute__((vector_size(32)));
constexpr int lanes = 8;

inline Float8 load8(const float* p) {
  Float8 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
inline void store8(float* p, Float8 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// (−1)^(l + n) for n = 0 … 7 of a block.
inline Float8 alternating(int l) {
  const Float8 even = {1, -1, 1, -1, 1, -1, 1, -1};
  return l % 2 == 0 ? even : -even;
}

// Interleaves as complex numbers the first `count` of 8.
inline void store_complex(std::complex<float>* to, Float8 re, Float8 im, int count) {
  float both[2 * lanes];
  store8(both, __builtin_shufflevector(re, im, 0, 8, 1, 9, 2, 10, 3, 11));
  store8(both + lanes, __builtin_shufflevector(re, im, 4, 12, 5, 13, 6, 14, 7, 15));
  std::copy_n(reinterpret_cast<const std::complex<float>*>(both), std::min(count, lanes), to);
}

// Sums over degrees at two latitudes that mirror each other, for the orders m and −m; lanes: n of one block.
struct MirroredSums {
  Float8 plus_re[2]{}, plus_im[2]{}, minus_re[2]{}, minus_im[2]{};

  // d: of the two latitudes; degrees: how many follow each other in the block.
  void add(const float* d, const float* d_mirrored, const float* p_re, const float* p_im, const float* q_re,
           const float* q_im, int degrees) {
    for (int i = 0; i < degrees * lanes; i += lanes) {
      const Float8 here = load8(d + i), there = load8(d_mirrored + i);
      const Float8 pr = load8(p_re + i), pi_ = load8(p_im + i), qr = load8(q_re + i), qi = load8(q_im + i);
      plus_re[0] += here * pr;
      plus_im[0] += here * pi_;
      plus_re[1] += there * pr;
      plus_im[1] += there * pi_;
      minus_re[0] += there * qr;
      minus_im[0] += there * qi;
      minus_re[1] += here * qr;
      minus_im[1] += here * qi;
    }
  }
};

}  // namespace

So3Correlator::So3Correlator(int bandwidth)
    : bandwidth_(bandwidth),
      block_(block_start(blocks())),
      fft_(int64_t{2} * bandwidth),
      d_(static_cast<size_t>(bandwidth) * bandwidth * block_) {
  for (int j = 0; j < bandwidth; ++j)
    for (int m = 0; m < bandwidth; ++m)
      for (int n = 0; n < bandwidth; ++n) {
        const auto column = wigner_d_column(bandwidth - 1, m, n, pi * (j + 0.5) / bandwidth);
        const int first = std::max(m, n);
        for (int l = first; l < bandwidth; ++l)
          d_[table_index(j, m) + place(l, n)] = static_cast<float>(column[l - first]);
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
  const int64_t n = int64_t{2} * bandwidth_;
  const int64_t k = index % n, i = index / n % n, j = index / (n * n);
  return Rotation::from_euler(
      {step() * static_cast<double>(i), step() * (static_cast<double>(j) + 0.5), step() * static_cast<double>(k)});
}

void So3Correlator::neighbours(int64_t index, int64_t (&out)[26]) const {
  const int64_t n = int64_t{2} * bandwidth_, L = bandwidth_;
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
  out.re.resize(out.re.size() + lanes - 1);  // rows are read and written eight values at a time
  out.im.resize(out.re.size());
  return out;
}

// I^l_mn for n ≥ 0 and all m, order [m + L − 1][block]; the factor (−1)^{l+n} of negative m is put in here. Lanes n > l
// hold values of other rows, which meet a d of 0.
void So3Correlator::multiply(const ShellHarmonics& f, const Reference& g, const std::vector<float>& shell_weight,
                             Workspace& work) const {
  const int L = bandwidth_, S = f.shells;
  const size_t orders = 2 * static_cast<size_t>(L) - 1;
  work.product_re.resize(orders * block_);
  work.product_im.resize(orders * block_);
  work.row.resize(2 * static_cast<size_t>(S));
  float* f_re = work.row.data();
  float* f_im = f_re + S;
  for (int l = 0; l < L; ++l)
    for (int m = 0; m <= l; ++m) {
      const std::complex<float>* row = f.row(l, m);
      for (int s = 0; s < S; ++s) {
        f_re[s] = row[s].real() * shell_weight[s];
        f_im[s] = row[s].imag() * shell_weight[s];
      }
      for (int b = 0; b <= l / lanes; ++b) {
        const float* g_re = &g.re[g.offset[l]] + int64_t{b} * lanes;
        const float* g_im = &g.im[g.offset[l]] + int64_t{b} * lanes;
        Float8 rr{}, ii{}, ir{}, ri{};  // of f and g: a conj(g) for m and, with conj(a), for −m
        for (int s = 0; s < S; ++s, g_re += l + 1, g_im += l + 1) {
          const Float8 re = load8(g_re), im = load8(g_im);
          rr += f_re[s] * re;
          ii += f_im[s] * im;
          ir += f_im[s] * re;
          ri += f_re[s] * im;
        }
        const size_t at = place(l, b * lanes);
        store8(&work.product_re[(L - 1 + m) * block_ + at], rr + ii);
        store8(&work.product_im[(L - 1 + m) * block_ + at], ir - ri);
        if (m == 0) continue;
        const Float8 sign = alternating(l + m);
        store8(&work.product_re[(L - 1 - m) * block_ + at], sign * (rr - ii));
        store8(&work.product_im[(L - 1 - m) * block_ + at], -sign * (ir + ri));
      }
    }
}

void So3Correlator::correlate(const ShellHarmonics& f, const Reference& g, const std::vector<float>& shell_weight,
                              float* out, Workspace& work) const {
  const int L = bandwidth_, n_phi = 2 * L, S = f.shells;
  if (f.bandwidth != L || g.shells != S || static_cast<int>(shell_weight.size()) != S)
    throw InternalError("harmonics of different bandwidth or shells");
  multiply(f, g, shell_weight, work);
  const size_t half = static_cast<size_t>(L) + 1, plane_size = n_phi * half;
  work.plane.assign(2 * plane_size, {});  // order L stays 0
  work.scratch.resize(plane_size);
  for (int j = 0; 2 * j < L; ++j) {
    const int mirrored = L - 1 - j;
    for (int m = 0; m < L; ++m) {
      const float* d = &d_[table_index(j, m)];
      const float* d_mirrored = &d_[table_index(mirrored, m)];
      const size_t plus = (L - 1 + m) * block_, minus = (L - 1 - m) * block_;
      for (int b = 0; b < blocks(); ++b) {
        const int first = std::max(m, b * lanes);
        const size_t at = place(first, b * lanes);
        MirroredSums sums;
        sums.add(d + at, d_mirrored + at, &work.product_re[plus + at], &work.product_im[plus + at],
                 &work.product_re[minus + at], &work.product_im[minus + at], L - first);
        for (int side = 0; side < 2; ++side) {
          std::complex<float>* plane = &work.plane[side * plane_size] + int64_t{b} * lanes;
          store_complex(plane + m * half, sums.plus_re[side], sums.plus_im[side], L - b * lanes);
          if (m > 0) store_complex(plane + (n_phi - m) * half, sums.minus_re[side], sums.minus_im[side], L - b * lanes);
        }
      }
    }
    const size_t out_size = static_cast<size_t>(n_phi) * n_phi;
    fft_.inverse_unscaled(work.plane.data(), work.scratch.data(), out + j * out_size);
    if (mirrored != j) fft_.inverse_unscaled(&work.plane[plane_size], work.scratch.data(), out + mirrored * out_size);
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
  const size_t row = static_cast<size_t>(blocks()) * lanes, plane_size = n_phi * row;
  out.re.assign(orders * block_, 0.0f);
  out.im.assign(orders * block_, 0.0f);
  work.plane.resize(n_phi * half);
  work.scratch.resize(n_phi * half);
  work.spectrum_re.resize(L * plane_size);
  work.spectrum_im.resize(L * plane_size);
  for (int j = 0; j < L; ++j) {  // Σ p e^{i(mα+nγ)} is the conjugate of the forward transform
    fft_.forward(p + static_cast<size_t>(j) * n_phi * n_phi, work.scratch.data(), work.plane.data());
    for (int i = 0; i < n_phi; ++i)
      for (int n = 0; n < L; ++n) {
        work.spectrum_re[j * plane_size + i * row + n] = work.plane[i * half + n].real();
        work.spectrum_im[j * plane_size + i * row + n] = -work.plane[i * half + n].imag();
      }
  }
  for (int m = 0; m < L; ++m)
    for (int j = 0; 2 * j < L; ++j) add_moments(m, j, out, work);
  for (int m = 1; m < L; ++m)
    for (int b = 0; b < blocks(); ++b)
      for (int l = std::max(m, b * lanes); l < L; ++l) {
        const size_t at = (L - 1 - m) * block_ + place(l, b * lanes);
        store8(&out.re[at], alternating(l) * load8(&out.re[at]));
        store8(&out.im[at], alternating(l) * load8(&out.im[at]));
      }
}

// What two mirrored latitudes give to the orders m and −m.
void So3Correlator::add_moments(int m, int j, Moments& out, const Workspace& work) const {
  const int L = bandwidth_, mirrored = L - 1 - j;
  const size_t row = static_cast<size_t>(blocks()) * lanes, plane_size = int64_t{2} * L * row;
  const float* d = &d_[table_index(j, m)];
  const float* d_mirrored = &d_[table_index(mirrored, m)];
  const Float8 once = Float8{} + (mirrored == j ? 0.0f : 1.0f);
  for (int b = 0; b < blocks(); ++b) {
    const size_t block = int64_t{b} * lanes, plus = m * row + block,
                 minus = (m > 0 ? int64_t{2} * L - m : 0) * row + block;
    const size_t here = j * plane_size, there = mirrored * plane_size;
    const Float8 p_re = load8(&work.spectrum_re[here + plus]), p_im = load8(&work.spectrum_im[here + plus]);
    const Float8 q_re = load8(&work.spectrum_re[here + minus]), q_im = load8(&work.spectrum_im[here + minus]);
    const Float8 p_re_2 = once * load8(&work.spectrum_re[there + plus]),
                 p_im_2 = once * load8(&work.spectrum_im[there + plus]),
                 q_re_2 = once * load8(&work.spectrum_re[there + minus]),
                 q_im_2 = once * load8(&work.spectrum_im[there + minus]);
    const int first = std::max(m, b * lanes);
    size_t at = place(first, b * lanes);
    for (int l = first; l < L; ++l, at += lanes) {
      const Float8 a = load8(d + at), c = load8(d_mirrored + at);
      float* re = &out.re[(L - 1 + m) * block_ + at];
      float* im = &out.im[(L - 1 + m) * block_ + at];
      store8(re, load8(re) + a * p_re + c * p_re_2);
      store8(im, load8(im) + a * p_im + c * p_im_2);
      if (m == 0) continue;
      re = &out.re[(L - 1 - m) * block_ + at];
      im = &out.im[(L - 1 - m) * block_ + at];
      store8(re, load8(re) + c * q_re + a * q_re_2);
      store8(im, load8(im) + c * q_im + a * q_im_2);
    }
  }
}

void So3Correlator::turn_back(const Moments& p, const ShellHarmonics& f, Reference& sums) const {
  const int L = bandwidth_, S = f.shells;
  if (f.bandwidth != L || sums.shells != S) throw InternalError("harmonics of different bandwidth or shells");
  for (int l = 0; l < L; ++l)
    for (int m = 0; m <= l; ++m) {
      const std::complex<float>* row = f.row(l, m);
      for (int b = 0; b <= l / lanes; ++b) {
        // P_m f_m + P_{−m} f_{−m} with f_{−m} = (−1)^m conj f_m; lanes n > l are 0 and leave the next row as it is.
        const size_t plus = (L - 1 + m) * block_ + place(l, b * lanes),
                     minus = (L - 1 - m) * block_ + place(l, b * lanes);
        const Float8 sign = Float8{} + (m == 0 ? 0.0f : m % 2 == 0 ? 1.0f : -1.0f);
        const Float8 p_re = load8(&p.re[plus]), p_im = load8(&p.im[plus]);
        const Float8 q_re = sign * load8(&p.re[minus]), q_im = sign * load8(&p.im[minus]);
        const Float8 re_re = p_re + q_re, re_im = q_im - p_im, im_im = p_re - q_re, im_re = p_im + q_im;
        float* re = &sums.re[sums.offset[l]] + int64_t{b} * lanes;
        float* im = &sums.im[sums.offset[l]] + int64_t{b} * lanes;
        for (int s = 0; s < S; ++s, re += l + 1, im += l + 1) {
          store8(re, load8(re) + row[s].real() * re_re + row[s].imag() * re_im);
          store8(im, load8(im) + row[s].imag() * im_im + row[s].real() * im_re);
        }
      }
    }
}

size_t So3Correlator::retained_size() const {
  size_t out = 0;
  for (size_t l = 0; l < static_cast<size_t>(bandwidth_); ++l) out += (2 * l + 1) * (2 * l + 1);
  return out;
}

void So3Correlator::add_retained(const Moments& p, float scale, AlignedVector<std::complex<float>>& out) const {
  const int L = bandwidth_;
  out.resize(retained_size());
  // Of a row P and of its conjugate times i, complex numbers side by side: a complex product is two real ones.
  AlignedVector<float> conjugate(4 * L - 2), turned(4 * L - 2);
  float* matrix = reinterpret_cast<float*>(out.data());
  for (int l = 0; l < L; ++l) {
    const int orders = 2 * l + 1;
    for (int m = -l; m <= l; ++m) {
      const auto put = [&](int n, float re, float im) {
        const ptrdiff_t at = ptrdiff_t{2} * (l + n);
        conjugate[at] = turned[at + 1] = re;
        conjugate[at + 1] = -im;
        turned[at] = im;
      };
      for (int n = 0; n <= l; ++n) {  // P_{m,−n} = (−1)^{m+n} conj P_{−m,n}
        const size_t here = (L - 1 + m) * block_ + place(l, n), there = (L - 1 - m) * block_ + place(l, n);
        const float sign = (m + n) % 2 == 0 ? 1.0f : -1.0f;
        put(-n, sign * p.re[there], -sign * p.im[there]);
        put(n, p.re[here], p.im[here]);
      }
      for (ptrdiff_t i = 0; i < orders; ++i) {
        const float a = scale * conjugate[2 * i], b = scale * turned[2 * i];
        float* row = matrix + 2 * i * orders;
        for (ptrdiff_t k = 0; k < 2 * (i + 1); ++k) row[k] += a * conjugate[k] + b * turned[k];
      }
    }
    matrix += static_cast<ptrdiff_t>(2) * orders * orders;
  }
}

}  // namespace tessera
