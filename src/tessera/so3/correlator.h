// SPDX-License-Identifier: GPL-3.0-or-later
// Correlation of two sets of shell functions over all rotations at once.
#pragma once

#include <vector>

#include "tessera/so3/rotation.h"
#include "tessera/so3/sphere_transform.h"

namespace tessera {

// C(R) = Σ_s w_s ∫ f_s(ω) g_s(R⁻¹ω) dΩ for real f, g given by their harmonics, on a grid of rotations
// R = Rz(α) Ry(β) Rz(γ): α_i = 2πi/2L, β_j = π(j+½)/L, γ_k = 2πk/2L. Order of the result [β][α][γ].
//   C(α,β,γ) = Σ_lmn I^l_mn d^l_mn(β) e^{i(mα+nγ)},  I^l_mn = Σ_s w_s f_lm(s) conj(g_ln(s))
// (Kovacs & Wriggers 2002, with the sum over l at each β in place of the transform over β, which halves the FFT).
// Immutable after construction, thread-safe. About (2/3)L⁴ + (2/3)L³·shells complex multiply-adds and L FFTs of (2L)².
// Tested against the direct integral with rotated functions and for adjointness (so3/correlator_test.cc).
class So3Correlator {
 public:
  explicit So3Correlator(int bandwidth);

  int bandwidth() const { return bandwidth_; }
  int64_t grid_size() const { return static_cast<int64_t>(4) * bandwidth_ * bandwidth_ * bandwidth_; }
  double step() const;  // grid spacing in radians
  Rotation rotation(int64_t index) const;
  // The 26 neighbours of a grid point, with the wrap at the poles (α+π, −β, γ+π).
  void neighbours(int64_t index, int64_t (&out)[26]) const;

  struct Workspace {
    AlignedVector<float> product_re, product_im, row, spectrum_re, spectrum_im;
    AlignedVector<std::complex<float>> plane, scratch;
  };
  // The reference's harmonics in the order the inner loop reads: prepare once, correlate with many particles.
  struct Reference {
    int shells = 0;
    AlignedVector<float> re, im;  // [l][shell][n ≤ l], and seven values more, so that eight can be read anywhere
    std::vector<size_t> offset;   // of degree l
  };
  Reference prepare(const ShellHarmonics& g) const;

  // Back to the usual order; an empty set of the same shape.
  ShellHarmonics restore(const Reference& prepared) const;
  Reference empty(int shells) const;

  // out: grid_size() values. shell_weight: one per shell.
  void correlate(const ShellHarmonics& f, const Reference& g, const std::vector<float>& shell_weight, float* out,
                 Workspace& work) const;

  // Share of SO(3) that grid point (j, i, k) stands for; the sum over the grid is 1. Fejér's first rule in β: integrals
  // of functions of degree below the bandwidth are exact.
  double quadrature(int64_t index) const {
    return quadrature_[index / (static_cast<int64_t>(4) * bandwidth_ * bandwidth_)];
  }

  // P^l_mn = Σ_R p(R) d^l_mn(β) e^{i(mα+nγ)}, n ≥ 0, in the order of the table below; entries with l < |m| are 0.
  struct Moments {
    AlignedVector<float> re, im;
  };
  // p: grid_size() values, any quadrature weights included.
  void moments(const float* p, Moments& out, Workspace& work) const;
  // The adjoint of correlate: adds to `sums` the harmonics of Σ_R p(R) f(Rω), N_ln(s) = Σ_m P^l_mn f_lm(s), so that
  // Σ_R p(R) C(R) = Σ_s w_s ∫ N_s g_s dΩ. Both together cost what one correlation does.
  void turn_back(const Moments& p, const ShellHarmonics& f, Reference& sums) const;
  // What turning back leaves of white noise: adds scale·Σ_m P^l_mn conj(P^l_mn'), the covariance of N_ln and N_ln'
  // where the f_lm are independent with variance 1. Order [l][n][n'], n, n' = −l … l, retained_size() values, of which
  // only those with n' ≤ n are touched: it is Hermitian. Costs (2l+1)³/2 complex multiply-adds for each degree, L⁴ in
  // all.
  size_t retained_size() const;
  void add_retained(const Moments& p, float scale, AlignedVector<std::complex<float>>& out) const;

 private:
  // A block holds values of all (l, n) at one (β, m) or m, order [n/8][l ≥ 8⌊n/8⌋][n mod 8], 0 where n > l: eight n
  // side by side, the degrees of a sum one after the other.
  int blocks() const { return (bandwidth_ + 7) / 8; }
  size_t block_start(int b) const {
    return static_cast<size_t>(8) * b * bandwidth_ - static_cast<size_t>(32) * b * (b - 1);
  }
  size_t place(int l, int n) const { return block_start(n / 8) + static_cast<size_t>(8) * (l - n / 8 * 8) + n % 8; }
  size_t table_index(int j, int m) const { return (static_cast<size_t>(j) * bandwidth_ + m) * block_; }
  void multiply(const ShellHarmonics& f, const Reference& g, const std::vector<float>& shell_weight,
                Workspace& work) const;
  void add_moments(int m, int j, Moments& out, const Workspace& work) const;

  int bandwidth_;
  size_t block_;  // values of one block
  RealFftPlane fft_;
  std::vector<double> quadrature_;  // [β], of one grid point
  AlignedVector<float> d_;  // [β][m ≥ 0][block]; m < 0 through d_{−m,n}(β) = (−1)^{l+n} d_{m,n}(π−β)
};

}  // namespace tessera
