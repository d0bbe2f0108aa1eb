// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/fourier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tests/reference/fourier_sums.h"

namespace tessera {
namespace {

using reference::Complex;
using reference::Wave;
using reference::waves_at;

const Shape3 kShapes[] = {{1, 1, 1}, {1, 6, 5}, {4, 4, 4}, {5, 5, 5}, {3, 6, 8}, {7, 2, 6}};

Volume<float> noise(Shape3 n, uint64_t item = 0) {
  Random random(2, "noise", item);
  Volume<float> out(n);
  for (float& v : out) v = static_cast<float>(random.normal());
  return out;
}

// Rounding of single precision on components of about √N.
double tolerance(Shape3 n) {
  return 2e-6 * std::sqrt(static_cast<double>(n.count()));
}

void expect_volumes_near(const Volume<float>& a, const Volume<float>& b, double bound) {
  ASSERT_EQ(a.shape(), b.shape());
  for (int64_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], bound) << i;
}

// A few random waves of at most `edge` periods along each axis, sampled about the centre voxel.
std::vector<Wave> random_waves(int64_t edge, uint64_t item) {
  Random random(3, "waves", item);
  std::vector<Wave> waves{{0, 0, 0, 0.5, 0}, {edge, -edge, edge, 1, 0.4}};
  const auto any = [&] { return static_cast<int64_t>(random.below(2 * edge + 1)) - edge; };
  for (int i = 0; i < 8; ++i) waves.push_back({any(), any(), any(), random.normal(), random.uniform(0, 2 * pi)});
  return waves;
}

Volume<float> sampled(const std::vector<Wave>& waves, Shape3 n, Vec3 shift_voxels = {}) {
  Volume<float> out(n);
  for (int64_t z = 0, i = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x, ++i)
        out[i] = static_cast<float>(waves_at(waves, {(static_cast<double>(x - n.x / 2) - shift_voxels.x) / n.x,
                                                     (static_cast<double>(y - n.y / 2) - shift_voxels.y) / n.y,
                                                     (static_cast<double>(z - n.z / 2) - shift_voxels.z) / n.z}));
  return out;
}

TEST(CentredSpectrum, IsTheSumAboutTheCentreVoxel) {
  for (const Shape3 n : kShapes) {
    const Volume<float> volume = noise(n);
    const HalfSpectrum centred = centred_spectrum(volume), plain = spectrum_of(volume);
    const std::vector<float> values(volume.begin(), volume.end());
    const auto about_centre = reference::fourier_sums(values, n, -1, {n.z / 2, n.y / 2, n.x / 2});
    const auto about_zero = reference::fourier_sums(values, n, -1);
    for (int64_t z = 0; z < n.z; ++z)
      for (int64_t y = 0; y < n.y; ++y)
        for (int64_t x = 0; x <= n.x / 2; ++x) {
          const int64_t i = (z * n.y + y) * n.x + x;
          EXPECT_LT(std::abs(Complex(centred(z, y, x)) - about_centre[i]), tolerance(n));
          EXPECT_LT(std::abs(Complex(plain(z, y, x)) - about_zero[i]), tolerance(n));
        }
  }
}

TEST(CentredSpectrum, OfAPointAtTheCentreIsOneEverywhere) {
  for (const Shape3 n : kShapes) {
    Volume<float> volume(n);
    volume(n.z / 2, n.y / 2, n.x / 2) = 1;
    for (const auto& value : centred_spectrum(volume)) EXPECT_LT(std::abs(value - 1.0f), 1e-6);
  }
}

TEST(CentredSpectrum, OfAnEvenVolumeIsReal) {
  const Shape3 n{6, 5, 8};
  Volume<float> volume = noise(n);
  const auto mirrored = [](int64_t i, int64_t length) { return (2 * (length / 2) - i + length) % length; };
  const Volume<float> copy = volume;
  for (int64_t z = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x)
        volume(z, y, x) = copy(z, y, x) + copy(mirrored(z, n.z), mirrored(y, n.y), mirrored(x, n.x));
  for (const auto& value : centred_spectrum(volume)) EXPECT_NEAR(value.imag(), 0, 2 * tolerance(n));
}

TEST(CentredSpectrum, InversesGiveTheVolumeBack) {
  for (const Shape3 n : kShapes) {
    const Volume<float> volume = noise(n);
    expect_volumes_near(centred_volume(centred_spectrum(volume)), volume, 2e-6);
    expect_volumes_near(volume_of(spectrum_of(volume)), volume, 2e-6);
  }
}

TEST(ShiftSpectrum, ByWholeVoxelsRollsTheVolume) {
  for (const Shape3 n : kShapes) {
    const Volume<float> volume = noise(n);
    const int64_t sx = 2, sy = -1, sz = 5;
    HalfSpectrum spectrum = spectrum_of(volume), centred = centred_spectrum(volume);
    shift_spectrum(spectrum, {sx, sy, sz});
    shift_spectrum(centred, {sx, sy, sz});
    Volume<float> rolled(n);
    const auto wrap = [](int64_t i, int64_t length) { return (i % length + length) % length; };
    for (int64_t z = 0; z < n.z; ++z)
      for (int64_t y = 0; y < n.y; ++y)
        for (int64_t x = 0; x < n.x; ++x)
          rolled(wrap(z + sz, n.z), wrap(y + sy, n.y), wrap(x + sx, n.x)) = volume(z, y, x);
    expect_volumes_near(volume_of(spectrum), rolled, 3e-6);
    expect_volumes_near(centred_volume(centred), rolled, 3e-6);
  }
}

// A function without components at Nyquist may be moved by any fraction of a voxel exactly.
TEST(ShiftSpectrum, BySubVoxelsMovesABandLimitedFunction) {
  for (const Shape3 n : {Shape3::cube(9), Shape3::cube(10), Shape3{8, 9, 12}}) {
    const auto waves = random_waves(3, static_cast<uint64_t>(n.x));
    for (const Vec3 shift : {Vec3{0.5, 0, 0}, Vec3{0, 0.3, 0}, Vec3{0, 0, -0.7}, Vec3{1.25, -2.5, 3.1}}) {
      HalfSpectrum spectrum = centred_spectrum(sampled(waves, n));
      shift_spectrum(spectrum, shift);
      expect_volumes_near(centred_volume(spectrum), sampled(waves, n, shift), 2e-5);
    }
  }
}

TEST(ShiftSpectrum, KeepsTheSymmetryOfARealVolumeAtNyquistToo) {
  const Shape3 n{6, 8, 4};
  HalfSpectrum spectrum = spectrum_of(noise(n));
  shift_spectrum(spectrum, {0.3, -0.6, 1.7});
  for (const int64_t x : {int64_t{0}, n.x / 2})
    for (int64_t z = 0; z < n.z; ++z)
      for (int64_t y = 0; y < n.y; ++y)
        EXPECT_LT(std::abs(spectrum(z, y, x) - std::conj(spectrum((n.z - z) % n.z, (n.y - y) % n.y, x))), tolerance(n));
}

TEST(ResizeSpectrum, ABandLimitedFunctionIsSampledExactlyOnAnyBox) {
  for (const int64_t from : {8, 9, 12, 15})
    for (const int64_t to : {8, 9, 11, 14, 16}) {
      const auto waves = random_waves(3, static_cast<uint64_t>(from * 100 + to));
      const Volume<float> small = sampled(waves, Shape3::cube(from));
      const HalfSpectrum resized = resize_spectrum(centred_spectrum(small), to);
      EXPECT_EQ(resized.real_shape(), Shape3::cube(to));
      expect_volumes_near(centred_volume(resized), sampled(waves, Shape3::cube(to)), 2e-5);
    }
}

TEST(ResizeSpectrum, CuttingDropsWhatTheSmallBoxCannotHold) {
  for (const int64_t to : {6, 7}) {  // both hold frequencies up to ±2 and ±3: 3 is the Nyquist frequency of 6
    const int64_t edge = (to - 1) / 2;
    std::vector<Wave> kept = random_waves(edge, 1), all = kept;
    for (const int64_t k : {edge + 1, edge + 2}) {
      all.push_back({k, 0, 0, 1, 0.1});
      all.push_back({0, -k, 1, 1, 0.2});
      all.push_back({0, 0, k, 1, 0.3});
    }
    const HalfSpectrum cut = resize_spectrum(centred_spectrum(sampled(all, Shape3::cube(16))), to);
    expect_volumes_near(centred_volume(cut), sampled(kept, Shape3::cube(to)), 2e-5);
  }
}

TEST(ResizeSpectrum, ThereAndBackIsTheSame) {
  const Volume<float> volume = noise(Shape3::cube(9));  // an odd box has no Nyquist component to lose
  const HalfSpectrum spectrum = centred_spectrum(volume);
  expect_volumes_near(centred_volume(resize_spectrum(resize_spectrum(spectrum, 20), 9)), volume, 3e-6);
  const HalfSpectrum same = resize_spectrum(spectrum, 9);
  EXPECT_TRUE(std::equal(same.begin(), same.end(), spectrum.begin()));
  EXPECT_THROW(resize_spectrum(HalfSpectrum(Shape3{4, 4, 6}), 8), InternalError);
}

TEST(ResizeVolume, KeepsTheCentreVoxelAtTheCentre) {
  const Shape3 shapes[] = {{1, 1, 1}, {4, 5, 6}, {5, 6, 7}, {8, 3, 5}, {2, 9, 4}};
  for (const Shape3 from : shapes)
    for (const Shape3 to : shapes) {
      const Volume<float> volume = noise(from);
      const Volume<float> out = resize_volume(volume, to, -7);
      ASSERT_EQ(out.shape(), to);
      for (int64_t z = 0; z < to.z; ++z)
        for (int64_t y = 0; y < to.y; ++y)
          for (int64_t x = 0; x < to.x; ++x) {
            const int64_t iz = z - to.z / 2 + from.z / 2, iy = y - to.y / 2 + from.y / 2,
                          ix = x - to.x / 2 + from.x / 2;
            const bool inside = iz >= 0 && iy >= 0 && ix >= 0 && iz < from.z && iy < from.y && ix < from.x;
            ASSERT_EQ(out(z, y, x), inside ? volume(iz, iy, ix) : -7);
          }
    }
}

TEST(ForEachFrequency, VisitsStoredComponentsInOrderWithSignedFrequencies) {
  const HalfSpectrum spectrum(Shape3{3, 4, 6});
  int64_t next = 0;
  for_each_frequency(spectrum, [&](int64_t index, int64_t z, int64_t y, int64_t x) {
    EXPECT_EQ(index, next++);
    EXPECT_EQ(index, spectrum.index(wrapped_index(z, 3), wrapped_index(y, 4), x));
    EXPECT_TRUE(z >= -1 && z <= 1 && y >= -1 && y <= 2 && x >= 0 && x <= 3);
  });
  EXPECT_EQ(next, spectrum.size());
}

}  // namespace
}  // namespace tessera
