// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/extraction.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tessera/volume/masks.h"

namespace tessera {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Map random_tomogram(Shape3 shape) {
  Map out{Volume<float>(shape), 10.0, {}};
  Random random(1, "extraction test", 0);
  for (float& v : out.voxels) v = static_cast<float>(random.normal() + 3);
  return out;
}

// A smooth blob of width `sigma` voxels about `centre`.
Map blob(Shape3 shape, Vec3 centre, double sigma) {
  Map out{Volume<float>(shape), 10.0, {}};
  for (int64_t z = 0; z < shape.z; ++z)
    for (int64_t y = 0; y < shape.y; ++y)
      for (int64_t x = 0; x < shape.x; ++x) {
        const Vec3 d = Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)} - centre;
        out.voxels(z, y, x) = static_cast<float>(std::exp(-0.5 * d.dot(d) / (sigma * sigma)));
      }
  return out;
}

Vec3 centre_of_mass(const Volume<float>& v) {
  Vec3 sum;
  double all = 0;
  const Shape3 n = v.shape();
  for (int64_t z = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x) {
        sum += Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)} * v(z, y, x);
        all += v(z, y, x);
      }
  return sum * (1 / all);
}

ExtractionOptions plain(int box) {
  ExtractionOptions options;
  options.box = box;
  options.normalise = "none";
  return options;
}

TEST(Extraction, CopiesVoxelsAboutTheNearestOne) {
  const Map map = random_tomogram({30, 34, 38});
  const ExtractedBox box = extract_box(tomogram_of(map), {17.3, 14.6, 15.2}, plain(12), Random(1, "x"));
  EXPECT_EQ(box.place, (Vec3{17, 15, 15}));
  EXPECT_NEAR(box.offset.x, 0.3, 1e-12);
  EXPECT_NEAR(box.offset.y, -0.4, 1e-12);
  EXPECT_EQ(box.outside, 0);
  for (int64_t z = 0; z < 12; ++z)
    for (int64_t y = 0; y < 12; ++y)
      for (int64_t x = 0; x < 12; ++x) ASSERT_EQ(box.voxels(z, y, x), map.voxels(z + 9, y + 9, x + 11));
}

// The centre of a smooth blob must come to voxel box/2 exactly, whatever the fraction; and at every binning.
TEST(Extraction, FourierShiftAndBinningCentreTheParticle) {
  const Vec3 centre{31.37, 29.81, 32.5};
  const Map map = blob(Shape3::cube(64), centre, 3);
  for (const int bin : {1, 2}) {
    ExtractionOptions options = plain(24 / bin);
    options.bin = bin;
    options.subvoxel = true;
    const ExtractedBox box = extract_box(tomogram_of(map), centre, options, Random(1, "x"));
    EXPECT_EQ(box.offset, Vec3{});
    const Vec3 at = centre_of_mass(box.voxels);
    for (const double axis : {at.x, at.y, at.z}) EXPECT_NEAR(axis, 12.0 / bin, 2e-3) << bin;  // tails cut at 4 σ
    EXPECT_NEAR(box.voxels(12 / bin, 12 / bin, 12 / bin), 1, 1e-3) << "values keep their scale";
  }
  ExtractionOptions options = plain(12);
  options.bin = 2;  // without --subvoxel the fraction stays
  const ExtractedBox box = extract_box(tomogram_of(map), centre, options, Random(1, "x"));
  const Vec3 at = centre_of_mass(box.voxels);
  EXPECT_NEAR(2 * (at.x - 6), box.offset.x, 4e-3);
  EXPECT_NEAR(2 * (at.y - 6), box.offset.y, 4e-3);
}

TEST(Extraction, FillsTheBorderAndTellsHowMuch) {
  const Map map = random_tomogram({20, 20, 20});
  ExtractionOptions options = plain(8);
  const Vec3 corner{1, 10, 10};  // x from −3 to 4
  const ExtractedBox mean = extract_box(tomogram_of(map), corner, options, Random(1, "x"));
  EXPECT_DOUBLE_EQ(mean.outside, 3.0 / 8);
  EXPECT_DOUBLE_EQ(share_outside(map.voxels.shape(), corner, options), 3.0 / 8);
  double sum = 0;
  for (int64_t z = 0; z < 8; ++z)
    for (int64_t y = 0; y < 8; ++y)
      for (int64_t x = 3; x < 8; ++x) sum += mean.voxels(z, y, x);
  EXPECT_NEAR(mean.voxels(0, 0, 0), sum / (8 * 8 * 5), 1e-5);
  EXPECT_EQ(mean.voxels(7, 7, 2), mean.voxels(0, 0, 0));
  options.border = "noise";
  const ExtractedBox noise = extract_box(tomogram_of(map), corner, options, Random(1, "x"));
  double square = 0;
  for (int64_t z = 0; z < 8; ++z)
    for (int64_t y = 0; y < 8; ++y)
      for (int64_t x = 0; x < 3; ++x) square += std::pow(noise.voxels(z, y, x) - 3, 2);
  EXPECT_NEAR(square / (8 * 8 * 3), 1, 0.4);  // variance of 192 normal values: standard error 0.1
  EXPECT_EQ(noise.voxels(3, 3, 5), mean.voxels(3, 3, 5));
}

TEST(Extraction, NormalisesWhatLiesInsideAndInverts) {
  Map map = random_tomogram({24, 24, 24});
  for (float& v : map.voxels) v = 5 * v - 100;
  ExtractionOptions options;
  options.box = 16;
  const ExtractedBox box = extract_box(tomogram_of(map), {12, 12, 12}, options, Random(1, "x"));
  const Statistics values = statistics(box.voxels);
  EXPECT_NEAR(values.mean, 0, 1e-5);
  EXPECT_NEAR(values.variance, 1, 1e-4);
  options.contrast = "dark";
  const ExtractedBox dark = extract_box(tomogram_of(map), {12, 12, 12}, options, Random(1, "x"));
  for (int64_t i = 0; i < dark.voxels.size(); ++i) ASSERT_EQ(dark.voxels[i], -box.voxels[i]);
  // A particle that fills the sphere of the background diameter does not count.
  Map with_particle = blob(Shape3::cube(24), {12, 12, 12}, 1.5);
  for (int64_t i = 0; i < map.voxels.size(); ++i)
    with_particle.voxels[i] = 300 * with_particle.voxels[i] + map.voxels[i];
  options.contrast = "bright";
  options.normalise = "background";
  options.background_diameter_A = 140;
  const ExtractedBox outside = extract_box(tomogram_of(with_particle), {12, 12, 12}, options, Random(1, "x"));
  double sum = 0, square = 0, count = 0;
  for (int64_t z = 0, i = 0; z < 16; ++z)
    for (int64_t y = 0; y < 16; ++y)
      for (int64_t x = 0; x < 16; ++x, ++i)
        if (std::hypot(z - 8, y - 8, x - 8) >= 7)
          sum += outside.voxels[i], square += outside.voxels[i] * outside.voxels[i], ++count;
  EXPECT_NEAR(sum / count, 0, 1e-4);
  EXPECT_NEAR(square / count, 1, 1e-3);
  EXPECT_GT(outside.voxels(8, 8, 8), 20);
}

TEST(Extraction, SaysWhatCannotBeUsed) {
  Map map = random_tomogram({20, 20, 20});
  map.voxels(10, 10, 10) = std::numeric_limits<float>::quiet_NaN();
  const Tomogram tomogram = tomogram_of(map);
  ExtractionOptions options;
  options.box = 8;
  EXPECT_THAT(extract_box(tomogram, {10, 10, 10}, options, Random(1, "x")).fault, HasSubstr("1 voxels are NaN"));
  EXPECT_EQ(extract_box(tomogram, {4, 4, 4}, options, Random(1, "x")).fault, "");
  const Map flat{Volume<float>(Shape3::cube(20), 4.0f), 10, {}};
  EXPECT_THAT(extract_box(tomogram_of(flat), {10, 10, 10}, options, Random(1, "x")).fault, HasSubstr("the same"));
  options.normalise = "background";
  options.background_diameter_A = 1000;
  EXPECT_THAT(extract_box(tomogram, {4, 4, 4}, options, Random(1, "x")).fault, HasSubstr("--background-diameter"));
  ExtractionOptions bad;
  bad.box = 7;
  bad.bin = 0;
  bad.border = "zero";
  bad.normalise = "yes";
  bad.contrast = "grey";
  bad.background_diameter_A = -1;
  Faults faults;
  bad.add_faults(faults);
  EXPECT_EQ(faults.size(), 6U);
  EXPECT_THAT(faults.text(""), AllOf(HasSubstr("--box 7"), HasSubstr("--bin 0"), HasSubstr("zero")));
}

}  // namespace
}  // namespace tessera
