// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/corrected_fsc.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/random.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

constexpr int64_t box = 40;

// White noise of the shells [first, last] alone, of variance about `variance` were it unfiltered.
Volume<float> band_noise(uint64_t item, int64_t first, int64_t last, double sigma = 1) {
  Random random(9, "corrected FSC test", item);
  Volume<float> map(Shape3::cube(box));
  for (float& v : map) v = static_cast<float>(sigma * random.normal());
  HalfSpectrum spectrum = centred_spectrum(map);
  for_each_frequency(spectrum, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    const auto shell = std::lround(std::sqrt(static_cast<double>(z * z + y * y + x * x)));
    if (shell < first || shell > last) spectrum.data()[i] = 0;
  });
  return centred_volume(std::move(spectrum));
}

void add(Volume<float>& map, const Volume<float>& other) {
  for (int64_t i = 0; i < map.size(); ++i) map[i] += other[i];
}

// A dense body of low resolution that both halves share.
Volume<float> body() {
  HalfSpectrum spectrum = centred_spectrum(soft_sphere(Shape3::cube(box), 9, 2));
  low_pass(spectrum, 4, 2);
  Volume<float> map = centred_volume(std::move(spectrum));
  for (float& v : map) v *= 20;
  return map;
}

Volume<float> tight_mask() {
  // A ball cut into slices: its edges carry power to all shells.
  Volume<float> mask = soft_sphere(Shape3::cube(box), 8, 0.1);
  for (int64_t z = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x)
        if (x % 3 == 0) mask(z, y, x) = 0;
  return mask;
}

double mean_between(const std::vector<double>& curve, int64_t first, int64_t last) {
  double sum = 0;
  for (int64_t s = first; s <= last; ++s) sum += curve[s];
  return sum / static_cast<double>(last - first + 1);
}

TEST(PhaseRandomised, KeepsAmplitudesAndLowShellsAndIsReal) {
  const Volume<float> map = band_noise(1, 0, 40);
  for (const int64_t from : {1, 5, 12}) {
    const HalfSpectrum before = centred_spectrum(map), after = centred_spectrum(phase_randomised(map, from, 3, 1));
    std::complex<double> product;
    double power = 0;
    for_each_frequency(before, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
      const auto a = before.data()[i], b = after.data()[i];
      // A c2r transform of components that are not mirror images of each other would change their amplitudes.
      ASSERT_NEAR(std::abs(b), std::abs(a), 2e-3) << z << " " << y << " " << x;
      const auto shell = std::lround(std::sqrt(static_cast<double>(z * z + y * y + x * x)));
      if (shell < from) {
        ASSERT_NEAR(std::abs(b - a), 0, 2e-3);
      } else {
        product += std::complex<double>(a) * std::conj(std::complex<double>(b));
        power += std::norm(a);
      }
    });
    EXPECT_LT(std::abs(product) / power, 0.03) << from;  // of 32,000 random phases: 0.006
  }
}

TEST(CorrectedFsc, RemovesWhatATightMaskCorrelates) {
  // Nothing above shell 7 is shared. A shell has some ten independent components inside this mask, so that a single
  // curve scatters by 0.3: means over ten shells and eight draws of the noise, 0.03.
  double masked = 0, unmasked = 0, corrected = 0;
  constexpr int draws = 8;
  for (int i = 0; i < draws; ++i) {
    Volume<float> first = body(), second = body();
    add(first, band_noise(20 + 2 * i, 0, 40));
    add(second, band_noise(21 + 2 * i, 0, 40));
    const CorrectedFsc fsc = corrected_fsc(first, second, tight_mask(), 6, 1 + i);
    masked += mean_between(fsc.masked, 9, 18) / draws;
    unmasked += mean_between(fsc.unmasked, 9, 18) / draws;
    corrected += mean_between(fsc.corrected, 9, 18) / draws;
  }
  EXPECT_GT(masked, 0.3) << "the mask must correlate, or there is nothing to correct";
  EXPECT_NEAR(unmasked, 0, 0.02);
  EXPECT_NEAR(corrected, 0, 0.06);
}

TEST(CorrectedFsc, KeepsWhatIsShared) {
  // Signal and noise of equal power on all shells: FSC ½ everywhere, and a soft mask changes little of that.
  const Volume<float> signal = band_noise(3, 0, 40);
  Volume<float> first = signal, second = signal;
  add(first, band_noise(4, 0, 40));
  add(second, band_noise(5, 0, 40));
  const CorrectedFsc fsc = corrected_fsc(first, second, soft_sphere(Shape3::cube(box), 13, 5), 3, 1);
  EXPECT_NEAR(mean_between(fsc.unmasked, 6, 18), 0.5, 0.03);
  EXPECT_NEAR(mean_between(fsc.masked, 6, 18), 0.5, 0.05);
  EXPECT_NEAR(mean_between(fsc.randomised, 6, 18), 0, 0.05);
  EXPECT_NEAR(mean_between(fsc.corrected, 6, 18), 0.5, 0.05);
}

TEST(CorrectedFsc, OfAMapWithItselfIsOne) {
  const Volume<float> map = band_noise(6, 0, 40);
  const CorrectedFsc fsc = corrected_fsc(map, map, soft_sphere(map.shape(), 12, 4), 5, 1);
  for (size_t s = 1; s < fsc.corrected.size(); ++s) EXPECT_NEAR(fsc.corrected[s], 1, 1e-5) << s;
}

TEST(CorrectedFsc, ChoosesTheShellAtWhichTheHalvesPart) {
  const Volume<float> shared = band_noise(7, 0, 8, 5);
  Volume<float> first = shared, second = shared;
  add(first, band_noise(8, 0, 40));
  add(second, band_noise(9, 0, 40));
  const Volume<float> mask = soft_sphere(shared.shape(), 12, 4);
  const CorrectedFsc fsc = corrected_fsc(first, second, mask, -1, 1);
  EXPECT_EQ(fsc.random_from_shell, 9);
  const CorrectedFsc again = corrected_fsc(first, second, mask, 9, 1), other = corrected_fsc(first, second, mask, 9, 2);
  EXPECT_EQ(fsc.corrected, again.corrected);
  EXPECT_EQ(fsc.masked, other.masked);
  EXPECT_NE(fsc.randomised, other.randomised) << "another seed, other phases";
}

}  // namespace
}  // namespace tessera
