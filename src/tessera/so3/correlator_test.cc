// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/correlator.h"

#include <gtest/gtest.h>

#include <set>

#include "tessera/base/units.h"
#include "tessera/so3/wigner.h"
#include "tests/reference/spherical_harmonics.h"

namespace tessera {
namespace {

TEST(Wigner, AgreesWithTheFactorialSum) {
  for (const double beta : {0.0, 0.3, pi / 2, 2.9})
    for (const int l : {0, 1, 2, 5, 12, 20})
      for (int m = -l; m <= l; ++m)
        for (int n = -l; n <= l; ++n) {
          const int first = std::max(std::abs(m), std::abs(n));
          ASSERT_NEAR(wigner_d_column(l, m, n, beta)[l - first], reference::wigner_d(l, m, n, beta), 1e-9)
              << l << ' ' << m << ' ' << n << ' ' << beta;
        }
}

TEST(Wigner, RowsAreUnitVectorsAtHighDegree) {  // Σ_n d² = 1, where naive factorials overflow
  for (const int l : {85, 128, 200})
    for (const int m : {0, 3, l / 2, l}) {
      double sum = 0;
      for (int n = -l; n <= l; ++n) {
        const double d = wigner_d_column(l, m, n, 1.1)[l - std::max(m, std::abs(n))];
        sum += d * d;
      }
      EXPECT_NEAR(sum, 1, 1e-9);
    }
}

ShellHarmonics random_harmonics(int L, int shells, uint64_t item) {
  Random random(7, "correlator", item);
  ShellHarmonics h(L, shells);
  for (int l = 0; l < L; ++l)
    for (int m = 0; m <= l; ++m)
      for (int s = 0; s < shells; ++s)
        h.row(l, m)[s] = {static_cast<float>(random.normal()), m == 0 ? 0.0f : static_cast<float>(random.normal())};
  return h;
}

using reference::value_at;

class CorrelatorOf : public testing::TestWithParam<int> {};

TEST_P(CorrelatorOf, AgreesWithTheIntegralOverRotatedFunctions) {
  const int L = GetParam(), shells = 2;
  const auto f = random_harmonics(L, shells, 1), g = random_harmonics(L, shells, 2);
  const std::vector<float> weights{0.7f, 2.0f};
  So3Correlator correlator(L);
  So3Correlator::Workspace work;
  AlignedVector<float> fast(correlator.grid_size());
  correlator.correlate(f, correlator.prepare(g), weights, fast.data(), work);
  std::vector<double> x, w;
  gauss_legendre(L, x, w);  // exact for products of degree 2L − 2
  Random random(3, "rotations");
  for (int trial = 0; trial < 5; ++trial) {
    const auto index = static_cast<int64_t>(random.below(correlator.grid_size()));
    const Rotation back = correlator.rotation(index).inverse();
    double direct = 0;
    for (int i = 0; i < L; ++i)
      for (int j = 0; j < 2 * L; ++j) {
        const double sine = std::sqrt(1 - x[i] * x[i]), phi = pi * j / L;
        const Vec3 u{sine * std::cos(phi), sine * std::sin(phi), x[i]};
        for (int s = 0; s < shells; ++s)
          direct += weights[s] * w[i] * (pi / L) * value_at(f, s, u) * value_at(g, s, back * u);
      }
    EXPECT_NEAR(fast[index], direct, 1e-5 * L * L * L) << "bandwidth " << L << " grid point " << index;
  }
}

// Σ_R p(R) C(f,g)(R) = ⟨C*(p,f), g⟩: the sums agree but for rounding, about 1e-7 of the norms on either side.
TEST_P(CorrelatorOf, TurnBackIsItsAdjoint) {
  const int L = GetParam(), shells = 2;
  const auto f = random_harmonics(L, shells, 1), g = random_harmonics(L, shells, 2);
  const std::vector<float> weights{0.7f, 2.0f};
  So3Correlator correlator(L);
  So3Correlator::Workspace work;
  AlignedVector<float> scores(correlator.grid_size()), p(correlator.grid_size());
  Random random(5, "adjoint");
  for (float& v : p) v = static_cast<float>(random.normal());
  correlator.correlate(f, correlator.prepare(g), weights, scores.data(), work);
  So3Correlator::Moments moments;
  correlator.moments(p.data(), moments, work);
  auto sums = correlator.empty(shells);
  correlator.turn_back(moments, f, sums);
  const ShellHarmonics back = correlator.restore(sums);
  double left = 0, right = 0, size = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    left += static_cast<double>(p[i]) * scores[i];
    size += std::abs(static_cast<double>(p[i]) * scores[i]);
  }
  for (int l = 0; l < L; ++l)
    for (int n = 0; n <= l; ++n)
      for (int s = 0; s < shells; ++s)
        right += (n == 0 ? 1 : 2) * weights[s] * (std::conj(back.row(l, n)[s]) * g.row(l, n)[s]).real();
  EXPECT_NEAR(left, right, 1e-5 * size);
}

// Turned back, the functions of an orthonormal real basis have that covariance between their orders.
TEST_P(CorrelatorOf, RetainedIsTheCovarianceOfWhiteNoiseTurnedBack) {
  const int L = GetParam();
  So3Correlator correlator(L);
  So3Correlator::Workspace work;
  AlignedVector<float> p(correlator.grid_size());
  Random random(7, "retained");
  for (float& v : p) v = static_cast<float>(random.uniform(0, 1) / static_cast<double>(p.size()));
  p[static_cast<size_t>(random.below(p.size()))] += 0.5f;
  So3Correlator::Moments moments;
  correlator.moments(p.data(), moments, work);
  AlignedVector<std::complex<float>> retained;
  correlator.add_retained(moments, 2, retained);
  ASSERT_EQ(retained.size(), correlator.retained_size());
  size_t start = 0;
  for (int l = 0; l < L; ++l) {
    const int orders = 2 * l + 1;
    std::vector<std::complex<double>> expected(orders * orders);
    for (int m = -l; m <= l; ++m) {  // cosines and sines
      ShellHarmonics f(L, 1);
      f.row(l, std::abs(m))[0] = m == 0  ? std::complex<float>(1, 0)
                                 : m > 0 ? std::complex<float>(std::sqrt(0.5f), 0)
                                         : std::complex<float>(0, std::sqrt(0.5f));
      auto sums = correlator.empty(1);
      correlator.turn_back(moments, f, sums);
      const ShellHarmonics back = correlator.restore(sums);
      const auto order = [&](int n) {
        const std::complex<double> value = back.row(l, std::abs(n))[0];
        return n >= 0 ? value : (n % 2 == 0 ? 1.0 : -1.0) * std::conj(value);
      };
      for (int i = -l; i <= l; ++i)
        for (int j = -l; j <= i; ++j) expected[(l + i) * orders + l + j] += 2.0 * order(i) * std::conj(order(j));
    }
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_LT(std::abs(expected[i] - std::complex<double>(retained[start + i])), 1e-5 * L) << l << " " << i;
    start += expected.size();
  }
}

// One rotation alone turns the function back by it: its values are those of f at the turned points.
TEST_P(CorrelatorOf, TurnBackByOneRotationIsThatRotation) {
  const int L = GetParam();
  const auto f = random_harmonics(L, 2, 1);
  So3Correlator correlator(L);
  So3Correlator::Workspace work;
  Random random(6, "one rotation");
  const auto index = static_cast<int64_t>(random.below(correlator.grid_size()));
  AlignedVector<float> p(correlator.grid_size());
  p[index] = 1;
  So3Correlator::Moments moments;
  correlator.moments(p.data(), moments, work);
  auto sums = correlator.empty(2);
  correlator.turn_back(moments, f, sums);
  const ShellHarmonics back = correlator.restore(sums);
  for (const Vec3 u : {Vec3{0, 0, 1}, Vec3{0.6, 0, 0.8}, Vec3{-0.48, 0.6, 0.64}})
    for (int s = 0; s < 2; ++s)
      EXPECT_NEAR(value_at(back, s, u), value_at(f, s, correlator.rotation(index) * u), 1e-5 * L * L);
}

TEST(Correlator, QuadratureIntegratesExactlyBelowTheBandwidth) {
  for (const int L : {1, 2, 5, 12}) {
    So3Correlator correlator(L);
    std::vector<double> moment(L);
    for (int64_t index = 0; index < correlator.grid_size(); ++index) {
      const double cosine = std::cos(correlator.rotation(index).euler().beta);
      for (int power = 0; power < L; ++power) moment[power] += correlator.quadrature(index) * std::pow(cosine, power);
    }
    for (int power = 0; power < L; ++power) EXPECT_NEAR(moment[power], power % 2 == 0 ? 1.0 / (power + 1) : 0, 1e-12);
  }
}

INSTANTIATE_TEST_SUITE_P(Bandwidths, CorrelatorOf, testing::Values(2, 3, 5, 8, 13));

TEST(Correlator, NeighboursAreNearAndDistinct) {
  So3Correlator correlator(6);
  for (int64_t index = 0; index < correlator.grid_size(); index += 7) {
    int64_t near[26];
    correlator.neighbours(index, near);
    EXPECT_EQ(std::set<int64_t>(near, near + 26).size(), 26u);
    for (const int64_t other : near)  // three steps of one angle each
      EXPECT_LT(angle_between(correlator.rotation(index), correlator.rotation(other)), 3.01 * correlator.step());
  }
}

}  // namespace
}  // namespace tessera
