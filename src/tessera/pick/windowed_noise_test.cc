// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/windowed_noise.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/random.h"
#include "tessera/fft/plan.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

constexpr int64_t box = 16;

double sum_of_squares(const Volume<float>& window) {
  double sum = 0;
  for (const float w : window) sum += static_cast<double>(w) * w;
  return sum;
}

TEST(WindowedNoise, OfWhiteNoiseIsTheWindowsPowerEverywhere) {
  const Volume<float> window = soft_sphere(Shape3::cube(box), 4, 3), out = windowed_noise(NoiseSpectrum(), 2.5, window);
  const double expected = 2.5 * sum_of_squares(window);
  for (const float v : out) EXPECT_NEAR(v, expected, 1e-3 * expected);
}

// Noise of a steep spectrum, rising from nothing at DC as a ramp does, in many boxes.
TEST(WindowedNoise, IsTheMeanPowerOfManyBoxes) {
  test::Workers workers(2);
  const Shape3 shape{96, 96, 96};
  Volume<float> field(shape);
  Random random(3, "windowed noise", 0);
  for (float& v : field) v = static_cast<float>(random.normal());
  HalfSpectrum spectrum = spectrum_of(field);
  for_each_frequency(spectrum, [&](int64_t i, int64_t kz, int64_t ky, int64_t kx) {
    const auto k = static_cast<float>(std::sqrt(double(kx * kx + ky * ky + kz * kz)) / 96);
    spectrum.data()[i] *= k * k / static_cast<float>(field.size());
  });
  plans().real3(shape).inverse_unscaled(spectrum.data(), field.data());
  const NoiseSpectrum noise(tomogram_of(field, 10), std::nullopt, workers.context);
  const Volume<float> window = soft_sphere(Shape3::cube(box), 4, 3);
  const Volume<float> expected = windowed_noise(noise, noise.variance(), window);
  std::vector<double> shell(box / 2), model(box / 2), count(box / 2);
  for (int64_t z = 0; z + box <= 96; z += 8)
    for (int64_t y = 0; y + box <= 96; y += 8)
      for (int64_t x = 0; x + box <= 96; x += 8) {
        Volume<float> cut(Shape3::cube(box));
        for (int64_t i = 0; i < box; ++i)
          for (int64_t j = 0; j < box; ++j)
            for (int64_t k = 0; k < box; ++k) cut(i, j, k) = window(i, j, k) * field(z + i, y + j, x + k);
        const HalfSpectrum one = centred_spectrum(cut);
        for_each_frequency(one, [&](int64_t i, int64_t kz, int64_t ky, int64_t kx) {
          const auto s = std::llround(std::sqrt(double(kx * kx + ky * ky + kz * kz)));
          if (s >= box / 2) return;
          shell[s] += std::norm(one.data()[i]);
          model[s] += expected(kz + box / 2, ky + box / 2, kx + box / 2);
          ++count[s];
        });
      }
  // 1331 boxes, of which some 500 are independent, times the components of a shell: 5 % is three standard errors of
  // shell 1. Without the window's spread shell 1 would be told less than half of what it holds.
  for (int64_t s = 1; s < box / 2; ++s) EXPECT_NEAR(shell[s] / model[s], 1, s == 1 ? 0.1 : 0.05) << s;
  const double plain = noise.variance() * sum_of_squares(window) * noise({1.0 / box, 0, 0});
  EXPECT_LT(plain, 0.5 * shell[1] / count[1]);
}

}  // namespace
}  // namespace tessera
