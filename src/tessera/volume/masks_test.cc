// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/masks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/volume/fourier.h"
#include "tests/reference/volume_loops.h"

namespace tessera {
namespace {

TEST(Digest, DiffersWithEveryBitOfEveryVoxelAndTheShape) {
  Random random(5, "digest");
  Volume<float> volume({3, 4, 5});
  for (float& v : volume) v = static_cast<float>(random.normal());
  std::set<uint64_t> seen{digest(volume)};
  const Volume<float> copy = volume;
  EXPECT_EQ(digest(copy), *seen.begin());
  for (int64_t i = 0; i < volume.size(); ++i)
    for (int bit = 0; bit < 32; ++bit) {
      Volume<float> other = volume;
      other[i] = std::bit_cast<float>(std::bit_cast<uint32_t>(other[i]) ^ (1u << bit));
      EXPECT_TRUE(seen.insert(digest(other)).second) << i << " " << bit;
    }
  Volume<float> turned({5, 4, 3});
  std::copy(volume.begin(), volume.end(), turned.begin());
  EXPECT_TRUE(seen.insert(digest(turned)).second);
  std::swap(volume[0], volume[2]);
  EXPECT_TRUE(seen.insert(digest(volume)).second) << "the order counts";
}

Volume<float> noise(Shape3 n, uint64_t item = 0, double mean = 0, double sigma = 1) {
  Random random(6, "noise", item);
  Volume<float> out(n);
  for (float& v : out) v = static_cast<float>(mean + sigma * random.normal());
  return out;
}

TEST(SoftSphere, IsOneInsideZeroOutsideAndFallsBetween) {
  for (const Shape3 n : {Shape3::cube(20), Shape3::cube(21), Shape3{1, 24, 24}, Shape3{20, 17, 24}}) {
    const double radius = 5, edge = 3;
    const Volume<float> mask = soft_sphere(n, radius, edge);
    std::map<int64_t, float> by_distance;  // squared distance → value
    for (int64_t z = 0; z < n.z; ++z)
      for (int64_t y = 0; y < n.y; ++y)
        for (int64_t x = 0; x < n.x; ++x) {
          const int64_t dz = z - n.z / 2, dy = y - n.y / 2, dx = x - n.x / 2, square = dz * dz + dy * dy + dx * dx;
          const double distance = std::sqrt(static_cast<double>(square));
          const double expected = distance <= radius          ? 1
                                  : distance >= radius + edge ? 0
                                                              : 0.5 + 0.5 * std::cos(pi * (distance - radius) / edge);
          EXPECT_NEAR(mask(z, y, x), expected, 1e-7);
          const auto [place, fresh] = by_distance.try_emplace(square, mask(z, y, x));
          EXPECT_EQ(place->second, mask(z, y, x));  // depends on the distance alone
        }
    float last = 1;
    for (const auto& [square, value] : by_distance) {
      EXPECT_LE(value, last);
      last = value;
    }
    EXPECT_EQ(last, 0);
  }
}

// ∫ of the profile in closed form: 4π/3 r³ inside, and for the edge ∫ ρ² (1 + cos(π(ρ − r)/w))/2 dρ by fine steps. The
// sum over voxels differs by the roughness of the sphere's surface, far below 0.5 % at these radii.
TEST(SoftSphere, HasTheVolumeOfItsProfile) {
  for (const auto& [radius, edge] : {std::pair{10.0, 4.0}, {12.5, 2.0}, {6.0, 9.0}}) {
    double volume = 4 * pi / 3 * radius * radius * radius, sum = 0;
    const int steps = 10000;
    for (int i = 0; i < steps; ++i) {
      const double t = (i + 0.5) / steps, rho = radius + edge * t;
      volume += 4 * pi * rho * rho * (0.5 + 0.5 * std::cos(pi * t)) * edge / steps;
    }
    for (const float v : soft_sphere(Shape3::cube(40), radius, edge)) sum += v;
    EXPECT_NEAR(sum / volume, 1, 0.005) << radius;
  }
}

TEST(SoftSphere, WithoutAnEdgeIsBinary) {
  const Volume<float> mask = soft_sphere(Shape3::cube(9), 2, 0);
  int64_t inside = 0;
  for (const float v : mask) {
    EXPECT_TRUE(v == 0 || v == 1);
    inside += v == 1;
  }
  EXPECT_EQ(inside, 33);  // whole points with x² + y² + z² ≤ 4
}

TEST(Statistics, AgreeWithTheDefinition) {
  const Volume<float> volume = noise({7, 8, 9}, 1, 1e6, 3);  // a mean far above the spread
  long double sum = 0, square = 0;
  for (const float v : volume) sum += v;
  const long double mean = sum / volume.size();
  for (const float v : volume) square += (v - mean) * (v - mean);
  const Statistics out = statistics(volume);
  EXPECT_NEAR(out.mean, static_cast<double>(mean), 1e-6);
  EXPECT_NEAR(out.variance / static_cast<double>(square / volume.size()), 1, 1e-9);
  EXPECT_EQ(out.minimum, *std::min_element(volume.begin(), volume.end()));
  EXPECT_EQ(out.maximum, *std::max_element(volume.begin(), volume.end()));
  EXPECT_EQ(out.not_finite, 0);
}

TEST(Statistics, LeavesOutWhatIsNotFinite) {
  Volume<float> volume({1, 1, 6});
  const float values[] = {1, NAN, 3, INFINITY, -INFINITY, 5};
  std::copy(std::begin(values), std::end(values), volume.begin());
  const Statistics out = statistics(volume);
  EXPECT_EQ(out.not_finite, 3);
  EXPECT_DOUBLE_EQ(out.mean, 3);
  EXPECT_DOUBLE_EQ(out.variance, 8.0 / 3);
  EXPECT_EQ(out.minimum, 1);
  EXPECT_EQ(out.maximum, 5);
  const Statistics none = statistics(Volume<float>({2, 2, 2}, NAN));
  EXPECT_EQ(none.not_finite, 8);
  EXPECT_EQ(none.mean, 0);
  EXPECT_EQ(none.minimum, 0);
  EXPECT_EQ(none.maximum, 0);
}

TEST(LowPass, IsTheStatedGainOfEveryComponent) {
  for (const int64_t n : {16, 17})
    for (const auto& [shell, width] : {std::pair{4.0, 2.0}, {5.5, 0.0}, {3.0, 6.0}}) {
      HalfSpectrum gain(Shape3::cube(n));
      for (auto& value : gain) value = {1, -1};
      low_pass(gain, shell, width);
      for_each_frequency(
          gain, [&, low = shell - width / 2, high = shell + width / 2](int64_t i, int64_t z, int64_t y, int64_t x) {
            const double k = std::sqrt(static_cast<double>(z * z + y * y + x * x));
            const double expected = k <= low ? 1 : k >= high ? 0 : 0.5 + 0.5 * std::cos(pi * (k - low) / (high - low));
            EXPECT_NEAR(gain.data()[i].real(), expected, 1e-6);
            EXPECT_NEAR(gain.data()[i].imag(), -expected, 1e-6);
          });
    }
  HalfSpectrum flat(Shape3{4, 4, 6});
  EXPECT_THROW(low_pass(flat, 2), InternalError);  // shells have one meaning only on a cube
}

TEST(Correlation, AgreesWithTheDefinition) {
  const Shape3 n{6, 7, 8};
  const Volume<float> a = noise(n, 1, 50, 2), mask = soft_sphere(n, 2, 2);
  Volume<float> b = noise(n, 2, -3, 1);
  for (int64_t i = 0; i < b.size(); ++i) b[i] += 0.3f * a[i];
  EXPECT_NEAR(correlation(a, b), reference::pearson(a, b, Volume<float>(n, 1)), 1e-10);
  EXPECT_NEAR(masked_correlation(a, b, mask), reference::pearson(a, b, mask), 1e-10);
  EXPECT_NEAR(masked_correlation(a, b, Volume<float>(n, 0.25f)), correlation(a, b), 1e-12);
}

TEST(Correlation, IgnoresScaleAndOffsetAndWhatTheMaskHides) {
  const Shape3 n = Shape3::cube(8);
  const Volume<float> a = noise(n), mask = soft_sphere(n, 2, 1);
  Volume<float> b = a, hidden = a;
  for (float& v : b) v = -2 * v + 7;
  for (int64_t i = 0; i < mask.size(); ++i)
    if (mask[i] == 0) hidden[i] = 1e6f;
  EXPECT_NEAR(correlation(a, a), 1, 1e-12);
  EXPECT_NEAR(correlation(a, b), -1, 1e-6);  // b is rounded to single precision
  EXPECT_NEAR(masked_correlation(a, hidden, mask), 1, 1e-12);
}

TEST(Correlation, OfAFlatVolumeIsZeroWhateverTheRounding) {
  const Shape3 n = Shape3::cube(9);
  const Volume<float> mask = soft_sphere(n, 2.3, 1.9);
  for (const float level : {0.0f, 0.1f, 1e6f / 3}) {
    const Volume<float> flat(n, level), other(n, 0.7f * level + 0.3f);
    EXPECT_EQ(masked_correlation(flat, other, mask), 0) << level;
    EXPECT_EQ(correlation(flat, other), 0) << level;
    EXPECT_EQ(masked_correlation(flat, noise(n), mask), 0) << level;
  }
  EXPECT_EQ(masked_correlation(noise(n), noise(n, 1), Volume<float>(n)), 0);  // a mask of nothing
}

TEST(Correlation, RefusesOtherShapes) {
  const Volume<float> a(Shape3::cube(4)), b(Shape3::cube(5));
  EXPECT_THROW(correlation(a, b), InternalError);
  EXPECT_THROW(masked_correlation(a, a, b), InternalError);
}

}  // namespace
}  // namespace tessera
