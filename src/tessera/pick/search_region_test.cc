// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/search_region.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tessera/base/random.h"

namespace tessera {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Volume<float> noise(Shape3 shape, double mean, double deviation) {
  Volume<float> out(shape);
  Random random(1, "noise");
  for (float& v : out) v = static_cast<float>(mean + deviation * random.normal());
  return out;
}

TEST(SearchRegion, SubtractsTheMeanAndTurnsDarkIntoBright) {
  Threads threads(2);
  const Volume<float> in = noise({10, 20, 30}, 1000, 3);
  double mean = 0;
  for (const float v : in) mean += v / static_cast<double>(in.size());
  for (const char* contrast : {"bright", "dark"}) {
    Volume<float> v = in;
    RegionOptions options;
    options.contrast = contrast;
    const SearchRegion region = prepare_search(v, {}, options, 10, threads);
    EXPECT_NEAR(region.mean, mean, 1e-4);
    EXPECT_NEAR(region.deviation, 3, 0.1);
    EXPECT_TRUE(region.allowed.empty());
    EXPECT_EQ(region.searched(), in.size());
    const double sign = options.dark() ? -1 : 1;
    for (int64_t i = 0; i < v.size(); i += 97) EXPECT_NEAR(v[i], sign * (in[i] - mean), 2e-4);
  }
}

TEST(SearchRegion, NotFiniteVoxelsAreLeftOutAndCounted) {
  Threads threads(2);
  Volume<float> v = noise({10, 10, 10}, 0, 1);
  v[5] = std::numeric_limits<float>::quiet_NaN();
  v[500] = std::numeric_limits<float>::infinity();
  std::vector<uint8_t> mask(v.size(), 1);
  mask[5] = mask[6] = 0;
  const SearchRegion region = prepare_search(v, mask, {}, 10, threads);
  EXPECT_EQ(region.outside_mask, 2);
  EXPECT_EQ(region.not_finite, 1);
  EXPECT_EQ(region.searched(), 997);
  EXPECT_EQ(region.allowed[500], 0);
  EXPECT_EQ(v[500], 0);
  EXPECT_EQ(v[6], 0);
  Volume<float> all(Shape3{4, 4, 4}, std::nanf(""));
  EXPECT_THAT([&] { prepare_search(all, {}, {}, 10, threads); }, ThrowsMessage<UserError>(HasSubstr("NaN")));
}

TEST(SearchRegion, GoldIsFoundInNoiseAndKeptAwayFrom) {
  Threads threads(2);
  Volume<float> v = noise({40, 40, 40}, 50, 2);
  for (int64_t z = 18; z <= 22; ++z)
    for (int64_t y = 18; y <= 22; ++y)
      for (int64_t x = 18; x <= 22; ++x) v(z, y, x) = -400;  // of either sign
  RegionOptions options;
  options.gold_margin_A = 40;
  Volume<float> kept = v, cut = v;
  const SearchRegion told = prepare_search(kept, {}, options, 10, threads);
  EXPECT_EQ(told.outliers, 125);
  EXPECT_NEAR(told.deviation, 2, 0.05);
  EXPECT_TRUE(told.allowed.empty());
  options.exclude_gold = true;
  const SearchRegion region = prepare_search(cut, {}, options, 10, threads);
  EXPECT_EQ(region.outliers, 125);
  EXPECT_EQ(region.allowed[(20 * 40 + 20) * 40 + 26], 0);  // 4 voxels beyond the bead's face
  EXPECT_EQ(region.allowed[(20 * 40 + 20) * 40 + 27], 1);
  EXPECT_EQ(std::count(region.allowed.begin(), region.allowed.end(), 0), region.near_outliers);
  EXPECT_EQ(region.searched(), 64000 - region.near_outliers);
  EXPECT_NEAR(region.mean, 50, 0.05);
  for (const float value : cut) EXPECT_LT(std::abs(value), 20);
}

TEST(SearchRegion, ParticlesOnEmptyGroundAreNotGold) {
  Threads threads(1);
  Volume<float> v(Shape3{20, 20, 20});
  for (int64_t i = 0; i < 8000; i += 100) v[i] = static_cast<float>(1 + i % 3);  // 1 %, ten deviations from the mean
  Volume<float> in = v;
  const SearchRegion region = prepare_search(v, {}, {}, 10, threads);
  EXPECT_TRUE(region.allowed.empty());
  EXPECT_NEAR(region.mean, 0.02, 0.002);
  EXPECT_NEAR(v[100] - v[1], in[100], 1e-6);
}

TEST(SearchRegion, ClampsWhereAsked) {
  Threads threads(1);
  Volume<float> v = noise({20, 20, 20}, 0, 1);
  v[100] = 1000;
  RegionOptions options;
  options.clamp_sigmas = 4;
  const SearchRegion region = prepare_search(v, {}, options, 10, threads);
  EXPECT_NEAR(v[100], 4 * region.deviation, 1e-4);
}

TEST(SearchRegion, RefusesWhatCannotBeSearched) {
  Threads threads(1);
  Volume<float> flat(Shape3{5, 5, 5}, 3.0f);
  EXPECT_THAT([&] { prepare_search(flat, {}, {}, 10, threads); },
              ThrowsMessage<UserError>(HasSubstr("nothing to pick")));
  Volume<float> v = noise({5, 5, 5}, 0, 1);
  EXPECT_THAT([&] { prepare_search(v, std::vector<uint8_t>(125), {}, 10, threads); },
              ThrowsMessage<UserError>(HasSubstr("outside the mask")));
  const Volume<float> mask(Shape3{5, 5, 5}, 0.5f);
  EXPECT_THAT(
      [&] {
        mask_of(mask, {5, 5, 5}, "m.mrc");
      },
      ThrowsMessage<UserError>(HasSubstr("m.mrc: the mask is empty")));
  EXPECT_THAT([&] { mask_of(mask, {5, 5, 6}, "m.mrc"); }, ThrowsMessage<UserError>(HasSubstr("must agree")));
  Faults faults;
  RegionOptions options;
  options.contrast = "blue";
  options.gold_sigmas = 1;
  options.clamp_sigmas = -1;
  options.add_faults(faults);
  EXPECT_EQ(faults.size(), 3u);
}

}  // namespace
}  // namespace tessera
