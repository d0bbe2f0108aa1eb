// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/shells.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/volume/fourier.h"
#include "tests/reference/volume_loops.h"

namespace tessera {
namespace {

Volume<float> noise(int64_t n, uint64_t item = 0, double sigma = 1) {
  Random random(4, "noise", item);
  Volume<float> out(Shape3::cube(n));
  for (float& v : out) v = static_cast<float>(sigma * random.normal());
  return out;
}

Volume<float> sum(const Volume<float>& a, const Volume<float>& b, float scale = 1) {
  Volume<float> out = a;
  for (int64_t i = 0; i < a.size(); ++i) out[i] += scale * b[i];
  return out;
}

// Single precision against double: 1e-5 of sums of hundreds of terms.
TEST(Shells, AgreeWithSumsOverTheWholeSpectrum) {
  for (const int64_t n : {1, 2, 3, 6, 7, 8, 9}) {
    const Volume<float> a = noise(n, 1), b = sum(noise(n, 2), a, 0.5f);
    const auto expected = reference::shell_sums(a, b);
    const auto power = shell_power(spectrum_of(a));
    const auto fsc = fourier_shell_correlation(spectrum_of(a), spectrum_of(b));
    ASSERT_EQ(static_cast<int64_t>(power.size()), shell_count(n));
    ASSERT_EQ(static_cast<int64_t>(fsc.size()), shell_count(n));
    for (size_t s = 0; s < power.size(); ++s) {
      ASSERT_GT(expected.count[s], 0);
      EXPECT_NEAR(power[s] / (expected.power_a[s] / expected.count[s]), 1, 1e-5) << n << " " << s;
      EXPECT_NEAR(fsc[s], expected.cross[s] / std::sqrt(expected.power_a[s] * expected.power_b[s]), 1e-5) << n;
    }
  }
}

TEST(Shells, PowerOfWhiteNoiseIsItsVarianceTimesTheVoxels) {
  const int64_t n = 32;
  const auto power = shell_power(centred_spectrum(noise(n, 3, 2)));
  // Shell s has about 4π s² components, half of them independent: relative deviation √(2/(4π s²)); five of them.
  for (size_t s = 2; s < power.size(); ++s)
    EXPECT_NEAR(power[s] / (4.0 * n * n * n), 1, 5 * std::sqrt(2 / (4 * pi * static_cast<double>(s * s)))) << s;
}

TEST(Fsc, OfAVolumeWithItselfIsOneAndWithItsNegativeMinusOne) {
  for (const int64_t n : {9, 16}) {
    const Volume<float> volume = noise(n);
    Volume<float> scaled = volume;
    for (float& v : scaled) v *= -3.5f;
    const HalfSpectrum a = centred_spectrum(volume), b = centred_spectrum(scaled);
    for (const double value : fourier_shell_correlation(a, a)) EXPECT_NEAR(value, 1, 1e-12);
    for (const double value : fourier_shell_correlation(a, b)) EXPECT_NEAR(value, -1, 1e-6);
  }
}

TEST(Fsc, IsSymmetricBoundedAndIndependentOfScaleAndOrigin) {
  const Volume<float> a = noise(12, 1), b = sum(noise(12, 2), a);
  Volume<float> scaled = b;
  for (float& v : scaled) v *= 1e-12f;
  const auto ab = fourier_shell_correlation(centred_spectrum(a), centred_spectrum(b));
  const auto ba = fourier_shell_correlation(centred_spectrum(b), centred_spectrum(a));
  const auto tiny = fourier_shell_correlation(spectrum_of(a), spectrum_of(scaled));
  for (size_t s = 0; s < ab.size(); ++s) {
    EXPECT_NEAR(ab[s], ba[s], 1e-12);
    EXPECT_NEAR(ab[s], tiny[s], 1e-5);
    EXPECT_LE(std::abs(ab[s]), 1 + 1e-12);
  }
}

// Two copies of a signal under independent noise: FSC = SNR/(1 + SNR) in expectation (Frank & Al-Ali 1975).
TEST(Fsc, OfTwoNoisyCopiesIsSnrOverOnePlusSnr) {
  const Volume<float> signal = noise(32, 1);
  for (const double snr : {0.25, 1.0, 4.0}) {
    const double sigma = 1 / std::sqrt(snr);
    const auto fsc = fourier_shell_correlation(centred_spectrum(sum(signal, noise(32, 2, sigma))),
                                               centred_spectrum(sum(signal, noise(32, 3, sigma))));
    // Deviation of a correlation over 2π s² independent complex components, at most 1/√(2π s²); five of them.
    for (size_t s = 4; s < fsc.size(); ++s)
      EXPECT_NEAR(fsc[s], snr / (1 + snr), 5 / std::sqrt(2 * pi * static_cast<double>(s * s))) << snr << " " << s;
  }
}

TEST(Fsc, OfShellsWithoutPowerIsZero) {
  const HalfSpectrum empty(Shape3::cube(8)), some = spectrum_of(noise(8));
  for (const double value : fourier_shell_correlation(empty, some)) EXPECT_EQ(value, 0);
  for (const double value : shell_power(empty)) EXPECT_EQ(value, 0);
}

TEST(Fsc, RefusesOtherShapes) {
  EXPECT_THROW(shell_power(HalfSpectrum(Shape3{4, 4, 6})), InternalError);
  EXPECT_THROW(fourier_shell_correlation(HalfSpectrum(Shape3::cube(4)), HalfSpectrum(Shape3::cube(6))), InternalError);
}

TEST(FscCrossing, LiesOnTheLineBetweenTheShellsThatBracketIt) {
  EXPECT_DOUBLE_EQ(fsc_crossing_shell({1, 0.9, 0.7, 0.3, 0.8, 0}, 0.5), 2.5);  // the first crossing counts
  EXPECT_DOUBLE_EQ(fsc_crossing_shell({1, 1, 0.5, 0}, 0.5), 2);                // reached, not yet below
  EXPECT_DOUBLE_EQ(fsc_crossing_shell({0, 1, 1, 1}, 0.5), 3);                  // shell 0 is ignored; never below
  EXPECT_DOUBLE_EQ(fsc_crossing_shell({1, 0.4, 1, 1}, 0.5), 1);                // below from the first shell on
  EXPECT_NEAR(fsc_crossing_shell({1, 0.9, 0.1, -0.2}, 0.143), 1 + (0.9 - 0.143) / 0.8, 1e-12);
}

TEST(FscCrossing, FallsAsTheThresholdRises) {
  Random random(5, "curve");
  std::vector<double> fsc{1};
  while (fsc.size() < 33) fsc.push_back(fsc.back() - 0.03 * random.uniform());
  double last = 33;
  for (double threshold = 0.05; threshold < 1; threshold += 0.05) {
    const double shell = fsc_crossing_shell(fsc, threshold);
    EXPECT_LE(shell, last);
    last = shell;
    if (shell > 1 && shell < 32) {
      const auto before = static_cast<size_t>(shell);
      const double part = shell - static_cast<double>(before);
      EXPECT_NEAR(fsc[before] * (1 - part) + fsc[before + 1] * part, threshold, 1e-12);
    }
  }
}

TEST(FscCrossing, ResolutionIsTheBoxOverTheShell) {
  EXPECT_DOUBLE_EQ(fsc_resolution_A({1, 0.9, 0.7, 0.3, 0}, 0.5, 8, 6), 8 * 6 / 2.5);
  EXPECT_DOUBLE_EQ(fsc_resolution_A({1, 1, 1, 1, 1}, 0.143, 8, 6), 12);        // Nyquist, twice the voxel
  EXPECT_DOUBLE_EQ(fsc_resolution_A({1, 0, 0, 0, 0}, 0.143, 8, 6), 48);        // the whole box
  EXPECT_DOUBLE_EQ(fsc_resolution_A({1, 1, 1, 1}, 0.143, 7, 6), 7 * 6 / 3.0);  // the last whole shell of an odd box
}

}  // namespace
}  // namespace tessera
