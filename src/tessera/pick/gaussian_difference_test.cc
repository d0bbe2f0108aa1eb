// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/gaussian_difference.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/random.h"

namespace tessera {
namespace {

Volume<float> noise(Shape3 shape, uint64_t seed) {
  Volume<float> out(shape);
  Random random(seed, "noise");
  for (float& v : out) v = static_cast<float>(random.normal());
  return out;
}

Volume<float> whole(const Volume<float>& in, std::span<const uint8_t> allowed, const GaussianDifference& filter,
                    Threads& threads) {
  Volume<float> out(in.shape(), std::nanf(""));
  const int64_t plane = in.shape().y * in.shape().x;
  scan_gaussian_difference(in, allowed, filter, threads, [&](std::span<const float* const> planes, int64_t first) {
    for (size_t i = 0; i < planes.size(); ++i)
      std::copy_n(planes[i], plane, out.data() + (first + static_cast<int64_t>(i)) * plane);
  });
  return out;
}

// Σ f w G / Σ w G over the whole volume, not truncated.
double smoothed_at(const Volume<float>& in, std::span<const uint8_t> allowed, double sigma, int64_t z, int64_t y,
                   int64_t x) {
  const Shape3 s = in.shape();
  double sum = 0, weight = 0;
  for (int64_t k = 0; k < s.z; ++k)
    for (int64_t j = 0; j < s.y; ++j)
      for (int64_t i = 0; i < s.x; ++i) {
        const int64_t at = (k * s.y + j) * s.x + i;
        if (!allowed.empty() && !allowed[at]) continue;
        const auto r2 = static_cast<double>((k - z) * (k - z) + (j - y) * (j - y) + (i - x) * (i - x));
        const double g = std::exp(-0.5 * r2 / (sigma * sigma));
        sum += g * in[at];
        weight += g;
      }
  return sum / weight;
}

TEST(GaussianDifference, IsTheTripleSumAtFacesAndHolesToo) {
  Threads threads(3);
  Volume<float> in = noise({23, 30, 71}, 1);
  std::vector<uint8_t> allowed(in.size(), 1);
  for (int64_t z = 5; z < 14; ++z)
    for (int64_t y = 0; y < 12; ++y)
      for (int64_t x = 20; x < 40; ++x) {
        const int64_t at = (z * 30 + y) * 71 + x;
        allowed[at] = 0;
        in[at] = 0;
      }
  for (const bool holes : {false, true}) {
    const std::span<const uint8_t> mask = holes ? std::span<const uint8_t>(allowed) : std::span<const uint8_t>();
    for (const double sigma : {0.8, 2.3}) {
      const GaussianDifference filter{sigma, 1.4};
      const Volume<float> fast = whole(in, mask, filter, threads);
      Random random(2, "voxels");
      for (int i = 0; i < 60; ++i) {
        int64_t z = random.below(23), y = random.below(30), x = random.below(71);
        if (i == 0) z = y = x = 0;
        if (i == 1) z = 22, y = 29, x = 70;
        if (holes && !allowed[(z * 30 + y) * 71 + x]) continue;
        const double exact = smoothed_at(in, mask, sigma, z, y, x) - smoothed_at(in, mask, 1.4 * sigma, z, y, x);
        // Truncation at 5 σ leaves out 6·10⁻⁷ of a Gaussian in each axis; the rest is float32 over a few hundred terms.
        EXPECT_NEAR(fast(z, y, x), exact, 1e-5) << z << " " << y << " " << x;
      }
    }
  }
}

TEST(GaussianDifference, ConstantIsNothingAndThreadsDoNotMatter) {
  Threads one(1), four(4);
  const Volume<float> flat(Shape3{20, 25, 66}, 1.0f);
  for (const float v : whole(flat, {}, {3, 1.1}, one)) EXPECT_NEAR(v, 0, 1e-6);
  const Volume<float> in = noise({31, 22, 70}, 7);
  const Volume<float> a = whole(in, {}, {2, 1.1}, one), b = whole(in, {}, {2, 1.1}, four);
  for (int64_t i = 0; i < a.size(); ++i) ASSERT_EQ(a[i], b[i]);
}

TEST(GaussianDifference, AnswersMostToBallsOfItsRadius) {
  Threads threads(2);
  const double radius = 8;
  Volume<float> ball(Shape3::cube(64));
  for (int64_t z = 0; z < 64; ++z)
    for (int64_t y = 0; y < 64; ++y)
      for (int64_t x = 0; x < 64; ++x)
        ball(z, y, x) = Vec3{double(x - 32), double(y - 32), double(z - 32)}.norm() <= radius;
  const auto answer = [&](double sigma) { return whole(ball, {}, {sigma, 1.1}, threads)(32, 32, 32); };
  const double best = sigma_of_diameter(2 * radius, 1.1);
  EXPECT_NEAR((GaussianDifference{best, 1.1}.radius_voxels()), radius, 1e-9);
  EXPECT_GT(answer(best), answer(best * 1.1));
  EXPECT_GT(answer(best), answer(best / 1.1));
}

TEST(GaussianDifference, ThinVolumesAreCovered) {
  Threads threads(2);
  for (const Shape3 shape : {Shape3{1, 9, 9}, Shape3{2, 5, 130}, Shape3{70, 3, 3}}) {
    const Volume<float> in = noise(shape, 3), out = whole(in, {}, {1, 1.1}, threads);
    for (int64_t i = 0; i < out.size(); i += 7) {
      const int64_t z = i / (shape.y * shape.x), y = i / shape.x % shape.y, x = i % shape.x;
      EXPECT_NEAR(out[i], smoothed_at(in, {}, 1, z, y, x) - smoothed_at(in, {}, 1.1, z, y, x), 1e-5);
    }
  }
}

}  // namespace
}  // namespace tessera
