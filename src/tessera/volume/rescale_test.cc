// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/rescale.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

// A Gaussian of standard deviation sigma_A (Å) and height 1 at `place_A` from the centre, in closed form.
Volume<float> blob(int64_t box, double voxel, Vec3 place_A, double sigma_A) {
  const Grid grid{Shape3::cube(box), voxel, {}};
  Volume<float> out(grid.shape);
  for (int64_t z = 0, i = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x, ++i) {
        const Vec3 d =
            grid.position_A(static_cast<double>(z), static_cast<double>(y), static_cast<double>(x)) - place_A;
        out[i] = static_cast<float>(std::exp(-d.dot(d) / (2 * sigma_A * sigma_A)));
      }
  return out;
}

double largest_difference(const Volume<float>& a, const Volume<float>& b) {
  EXPECT_EQ(a.shape(), b.shape());
  double largest = 0;
  for (int64_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
  return largest;
}

Volume<float> band_limited_noise(int64_t box, double shell) {
  Random random(2, "rescale");
  Volume<float> map(Shape3::cube(box));
  for (float& v : map) v = static_cast<float>(random.normal());
  HalfSpectrum spectrum = centred_spectrum(map);
  low_pass(spectrum, shell, 1);
  return centred_volume(std::move(spectrum));
}

struct Case {
  int64_t from_box;
  double from_voxel;
  int64_t to_box;
  double to_voxel;
};

// Both voxel sizes resolve the blob (sigma ≥ 1.5 voxels: its spectrum at Nyquist is e⁻¹¹) and both boxes hold it, so
// that the only differences are rounding and that tail.
TEST(Rescaled, ABlobIsTheSameInAngstrom) {
  const Vec3 place{14, -9, 6};
  const double sigma = 13;
  for (const Case& c : {Case{32, 6, 32, 6},
                        {48, 4, 32, 6},
                        {32, 6, 48, 4},
                        {40, 5, 37, 5.7},
                        {37, 5.3, 42, 6.1},
                        {33, 6, 64, 3.1},
                        {32, 8, 31, 8},
                        {32, 6, 50, 6}}) {
    const Volume<float> from = blob(c.from_box, c.from_voxel, place, sigma);
    const Volume<float> to = rescaled(from, c.from_voxel, c.to_box, c.to_voxel);
    EXPECT_LT(largest_difference(to, blob(c.to_box, c.to_voxel, place, sigma)), 1e-3)
        << c.from_box << " " << c.from_voxel << " " << c.to_box << " " << c.to_voxel;
    double before = 0, after = 0;
    for (const float v : from) before += v * std::pow(c.from_voxel, 3);
    for (const float v : to) after += v * std::pow(c.to_voxel, 3);
    EXPECT_NEAR(after / before, 1, 1e-3) << "the integral is kept";
  }
}

TEST(Rescaled, IsTheFourierResizeWhereThatExists) {
  for (const auto& [from, to] : {std::pair<int64_t, int64_t>{24, 36}, {36, 24}, {24, 30}, {30, 24}, {21, 35}}) {
    const Volume<float> map = band_limited_noise(from, 8);
    const Volume<float> expected = centred_volume(resize_spectrum(centred_spectrum(map), to));
    // The old box reaches half a voxel beyond its outermost centres; further out `rescaled` writes zeros.
    const Volume<float> found = rescaled(map, static_cast<double>(to), to, static_cast<double>(from));
    const int64_t margin = to / from + 1;
    double largest = 0;
    for (int64_t z = margin; z < to - margin; ++z)
      for (int64_t y = margin; y < to - margin; ++y)
        for (int64_t x = margin; x < to - margin; ++x)
          largest = std::max(largest, std::abs(static_cast<double>(found(z, y, x)) - expected(z, y, x)));
    EXPECT_LT(largest, 1e-4) << from << " " << to;
  }
}

TEST(Rescaled, BandLimitsToTheNewVoxels) {
  // A wave of 2.5 old voxels cannot be shown by voxels twice as large: nothing of it may remain as an alias.
  const int64_t n = 40;
  Volume<float> wave(Shape3::cube(n));
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x)
        wave(z, y, x) = static_cast<float>(std::cos(2 * 3.14159265358979 * 16 * static_cast<double>(x) / n));
  for (const float v : rescaled(wave, 4, 20, 8)) EXPECT_NEAR(v, 0, 1e-5);
}

TEST(Rescaled, IsZeroOutsideTheOldBox) {
  const Volume<float> ones(Shape3::cube(10), 1.0f), wide = rescaled(ones, 2, 20, 2);
  for (int64_t z = 0; z < 20; ++z)
    for (int64_t y = 0; y < 20; ++y)
      for (int64_t x = 0; x < 20; ++x) {
        const bool inside = z >= 5 && z < 15 && y >= 5 && y < 15 && x >= 5 && x < 15;
        EXPECT_NEAR(wide(z, y, x), inside ? 1 : 0, 1e-5) << z << " " << y << " " << x;
      }
}

TEST(Rescaled, RefusesWhatMakesNoSense) {
  EXPECT_THROW(rescaled(Volume<float>({2, 3, 4}), 1, 4, 1), InternalError);
  EXPECT_THROW(rescaled(Volume<float>(Shape3::cube(4)), 0, 4, 1), InternalError);
  EXPECT_THROW(rescaled(Volume<float>(Shape3::cube(4)), 1, 4, -2), InternalError);
  EXPECT_THROW(rescaled(Volume<float>(Shape3::cube(4)), 1, 0, 1), InternalError);
}

}  // namespace
}  // namespace tessera
