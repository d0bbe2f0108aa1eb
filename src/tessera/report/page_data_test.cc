// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/report/page_data.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tessera {
namespace {

TEST(PageData, Base64OfTheStandardsExamples) {
  const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"foobar", "Zm9vYmFy"},
                                                          {"\xff\xfe\xfd", "//79"}};
  for (const auto& [plain, coded] : examples) EXPECT_EQ(base64(plain), coded);
}

TEST(PageData, SurfaceLiesBetweenParticleAndBackground) {
  Volume<float> map({16, 16, 16});
  for (int64_t i = 0; i < map.size(); ++i) map[i] = (i % 17 == 0 ? 5.0f : 1.0f) + 0.01f * static_cast<float>(i % 7);
  EXPECT_GT(surface_level(map), 1.07);
  EXPECT_LT(surface_level(map), 5);
  EXPECT_EQ(surface_level(Volume<float>({2, 2, 2}, 3.0f)), 3);
}

TEST(PageData, SlicesStandUpright) {
  Volume<float> volume({3, 4, 6});
  volume(1, 3, 0) = 1;  // largest y, smallest x: the upper left corner
  const GreyImage image = slice_picture(volume, 1, {0, 1});
  ASSERT_EQ(image.rows(), 4);
  ASSERT_EQ(image.columns(), 6);
  EXPECT_EQ(image(0, 0), 255);
  EXPECT_EQ(image(3, 5), 0);
  EXPECT_EQ(slice_picture(volume, 1, {0, 1}, 2)(0, 0), 64) << "a quarter of the four voxels";
}

TEST(PageData, ShrinkingKeepsTheMeanAndThePlace) {
  Map map{Volume<float>({8, 8, 8}), 2, {1, 1, 1}};
  for (int64_t i = 0; i < map.voxels.size(); ++i) map.voxels[i] = static_cast<float>(i);
  const Map small = shrunk(map, 4);
  EXPECT_EQ(small.voxels.shape().x, 4);
  EXPECT_EQ(small.voxel_size_A, 4);
  EXPECT_NEAR(small.voxels(0, 0, 0), (0 + 1 + 8 + 9 + 64 + 65 + 72 + 73) / 8.0, 1e-4);
  EXPECT_DOUBLE_EQ(small.origin_A.x, 2) << "between the voxels at 1 and 3 Å";
  EXPECT_EQ(shrunk(map, 8).voxels.size(), 512);
}

TEST(PageData, GreyRangeIgnoresOutliersAndNan) {
  Volume<float> volume({10, 10, 10});
  for (int64_t i = 0; i < volume.size(); ++i) volume[i] = static_cast<float>(i);
  volume[0] = 1e30f;
  volume[1] = NAN;
  const GreyRange range = grey_range(volume);
  EXPECT_NEAR(range.black, 6, 2);
  EXPECT_NEAR(range.white, 995, 2);
}

}  // namespace
}  // namespace tessera
