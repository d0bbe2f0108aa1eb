// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/sphere_transform.h"

#include <gtest/gtest.h>

#include "tessera/base/random.h"
#include "tests/reference/spherical_harmonics.h"

namespace tessera {
namespace {

class SphereTransformOf : public testing::TestWithParam<int> {};

TEST_P(SphereTransformOf, RecoversRandomCoefficients) {
  const int L = GetParam(), shells = 3;
  SphereTransform transform(L, shells);
  Random random(1, "harmonics");
  ShellHarmonics truth(L, shells), found(L, shells);
  for (int l = 0; l < L; ++l)
    for (int m = 0; m <= l; ++m)
      for (int s = 0; s < shells; ++s)
        truth.row(l, m)[s] = {static_cast<float>(random.normal()), m == 0 ? 0.0f : static_cast<float>(random.normal())};
  AlignedVector<float> samples(static_cast<size_t>(shells) * transform.samples_per_shell());
  for (int i = 0; i < transform.latitudes(); ++i)
    for (int j = 0; j < transform.longitudes(); ++j)
      for (int l = 0; l < L; ++l)
        for (int m = 0; m <= l; ++m) {
          const auto y = reference::harmonic(l, m, transform.direction(i, j));
          for (int s = 0; s < shells; ++s)
            samples[(static_cast<size_t>(s) * transform.latitudes() + i) * transform.longitudes() + j] +=
                static_cast<float>((m == 0 ? 1 : 2) * (std::complex<double>(truth.row(l, m)[s]) * y).real());
        }
  SphereTransform::Workspace work;
  transform.analyse(samples.data(), found, work);
  double worst = 0;
  for (size_t i = 0; i < truth.values.size(); ++i)
    worst = std::max<double>(worst, std::abs(truth.values[i] - found.values[i]));
  EXPECT_LT(worst, 2e-6 * L);  // float samples of size ~√(L²), each rounded once
  AlignedVector<float> again(samples.size());
  transform.synthesise(truth, again.data(), work);
  double difference = 0;
  for (size_t i = 0; i < samples.size(); ++i)
    difference = std::max<double>(difference, std::abs(samples[i] - again[i]));
  EXPECT_LT(difference, 1e-5 * L);  // L² terms of rounding 6e-8 and size up to √L
}

INSTANTIATE_TEST_SUITE_P(Bandwidths, SphereTransformOf, testing::Values(1, 2, 3, 8, 15, 24));

TEST(GaussLegendre, IntegratesPolynomialsExactly) {
  for (const int count : {2, 3, 7, 64, 128}) {
    std::vector<double> x, w;
    gauss_legendre(count, x, w);
    for (const int power : {0, count / 2 * 2, 2 * count - 2}) {
      double sum = 0;
      for (int i = 0; i < count; ++i) sum += w[i] * std::pow(x[i], power);
      EXPECT_NEAR(sum, 2.0 / (power + 1), 1e-13);
    }
  }
}

}  // namespace
}  // namespace tessera
