// SPDX-License-Identifier: GPL-3.0-or-later
// Spherical harmonic analysis of real functions on a set of concentric shells.
#pragma once

#include <complex>
#include <memory>
#include <vector>

#include "tessera/base/shape.h"
#include "tessera/base/vec3.h"
#include "tessera/fft/plan.h"

namespace tessera {

// Coefficients a_lm(s), 0 ≤ m ≤ l < bandwidth, of one real function on each of `shells` shells; those of negative m
// follow from a_{l,−m} = (−1)^m conj a_lm. Order [l(l+1)/2 + m][shell].
struct ShellHarmonics {
  int bandwidth = 0, shells = 0;
  AlignedVector<std::complex<float>> values;

  ShellHarmonics() = default;
  ShellHarmonics(int bandwidth, int shells)
      : bandwidth(bandwidth), shells(shells), values(static_cast<size_t>(bandwidth) * (bandwidth + 1) / 2 * shells) {}
  const std::complex<float>* row(int l, int m) const {
    return &values[(l * (l + 1) / 2 + m) * static_cast<size_t>(shells)];
  }
  std::complex<float>* row(int l, int m) { return &values[(l * (l + 1) / 2 + m) * static_cast<size_t>(shells)]; }
};

// Orthonormal harmonics Y_lm with the Condon–Shortley phase; a_lm = ∫ f conj(Y_lm) dΩ.
// Grid: 2L Gauss–Legendre latitudes × 2L equal longitudes φ_j = 2πj/2L, exact for products up to degree 2L.
// Immutable after construction, thread-safe. Cost of analyse about L³·shells multiply-adds and the row FFTs.
// Tested against direct sums over the sphere (tests/reference/spherical_harmonics.h).
class SphereTransform {
 public:
  SphereTransform(int bandwidth, int shells);

  int bandwidth() const { return bandwidth_; }
  int shells() const { return shells_; }
  int latitudes() const { return 2 * bandwidth_; }
  int longitudes() const { return 2 * bandwidth_; }
  int samples_per_shell() const { return latitudes() * longitudes(); }
  // Unit vector of grid point (latitude i, longitude j). The antipode of (i, j) is (2L−1−i, j+L).
  Vec3 direction(int i, int j) const;

  // Work space of one thread.
  struct Workspace {
    AlignedVector<std::complex<float>> rows, even, odd;
  };
  // samples: [shell][latitude][longitude].
  void analyse(const float* samples, ShellHarmonics& out, Workspace& work) const;
  // The inverse, in the same order: f = Σ a_lm Y_lm at the grid points.
  void synthesise(const ShellHarmonics& harmonics, float* samples, Workspace& work) const;

 private:
  int bandwidth_, shells_;
  std::vector<double> cosine_, weight_;  // Gauss–Legendre nodes (descending cos θ) and weights
  AlignedVector<float> legendre_;        // [m][l−m][i < L]: √-normalised P_lm(cos θ_i) · weight · 2π/2L
  std::vector<size_t> legendre_offset_;
  RealFftRows row_fft_;
};

// Nodes in descending order and weights of Gauss–Legendre quadrature with `count` points on [−1, 1].
void gauss_legendre(int count, std::vector<double>& nodes, std::vector<double>& weights);

// Normalised associated Legendre values: N_lm P_lm(x) with Y_lm = N_lm P_lm(cos θ) e^{imφ}, for l = m … l_max.
std::vector<double> normalised_legendre_column(int l_max, int m, double x);

}  // namespace tessera
