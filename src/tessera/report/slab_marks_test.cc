// SPDX-License-Identifier: GPL-3.0-or-later
// Marks on a slab: which pixel is which voxel, greys, circles, refusals.
#include "tessera/report/slab_marks.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

constexpr Colour red{250, 10, 20};

// 280 × 200 voxels are drawn with two pixels each, from column 14 and, below the title, from `top` on.
struct Drawn {
  ColourImage image;
  int64_t top = 0;
  bool red_at(double x, double y) const {
    const auto row = top + static_cast<int64_t>((200 - y - 0.5) * 2), column = 14 + static_cast<int64_t>((x + 0.5) * 2);
    return image.red(row, column) == red[0] && image.green(row, column) == red[1] && image.blue(row, column) == red[2];
  }
};

// The plane grows along x; no grey is paper but at its right end.
Drawn draw(const std::vector<SlabMark>& marks) {
  Volume<float> plane({1, 200, 280});
  for (int64_t y = 0; y < 200; ++y)
    for (int64_t x = 0; x < 280; ++x) plane(0, y, x) = static_cast<float>(x);
  Drawn out{slab_figure(plane, {{"", marks}}, 10, "")};
  while (out.image.red(out.top, 14) != 0) ++out.top;  // black, the left edge of the picture
  return out;
}

TEST(SlabMarks, StandAtTheirVoxels) {
  const Drawn filled = draw({{60, 150, red, true, 0}});
  EXPECT_TRUE(filled.red_at(60, 150));
  EXPECT_FALSE(filled.red_at(60, 50));  // y is up
  EXPECT_FALSE(filled.red_at(63, 150));
  const Drawn open = draw({{60, 150, red, false, 20}});
  EXPECT_FALSE(open.red_at(60, 150));
  for (const auto& [x, y] : {std::pair(20, 0), {-20, 0}, {0, 20}, {0, -20}, {12, 16}, {-16, -12}})
    EXPECT_TRUE(open.red_at(60 + x, 150 + y)) << x << " " << y;
  EXPECT_FALSE(open.red_at(60 + 17, 150));
}

TEST(SlabMarks, OutsideIsCutOffAndGreysGrow) {
  const Drawn drawn = draw({{-50, 100, red, true, 0}, {279, 500, red, true, 30}});
  const ColourImage& image = drawn.image;
  for (int64_t column = 15; column < 14 + 560; ++column) {
    EXPECT_GE(image.red(drawn.top + 10, column), image.red(drawn.top + 10, column - 1));
    EXPECT_EQ(image.red(drawn.top + 10, column), image.green(drawn.top + 10, column));
  }
  EXPECT_EQ(image.red(drawn.top + 10, 14 + 559), 255);
}

TEST(SlabMarks, PanelsStandSideBySide) {
  const Volume<float> plane({1, 30, 560}, 1.0f);
  const ColourImage one = slab_figure(plane, {{"a", {}}}, 10, ""),
                    two = slab_figure(plane, {{"a", {}}, {"b", {}}}, 10, "");
  EXPECT_EQ(two.red.columns(), one.red.columns() + 560 + 14);
  EXPECT_EQ(two.red.rows(), one.red.rows());
}

TEST(SlabMarks, MeanOfPlanes) {
  Volume<float> volume({3, 1, 2});
  for (int64_t i = 0; i < 6; ++i) volume[i] = static_cast<float>(i);
  volume[3] = std::numeric_limits<float>::quiet_NaN();
  const Volume<float> mean = mean_plane(volume, 1, 2);
  EXPECT_EQ(mean.shape(), (Shape3{1, 1, 2}));
  EXPECT_EQ(mean[0], 3);    // of 2 and 4
  EXPECT_EQ(mean[1], 2.5);  // of nothing and 5
  EXPECT_THROW(mean_plane(volume, 1, 3), InternalError);
}

TEST(SlabMarks, RefusesWhatIsNoPlane) {
  EXPECT_THROW(slab_figure(Volume<float>({2, 4, 4}), {{"a", {}}}, 10, ""), UserError);
  EXPECT_THROW(slab_figure(Volume<float>({1, 4, 4}), {}, 10, ""), UserError);
  EXPECT_THROW(slab_figure(Volume<float>({1, 4, 4}), {{"a", {}}}, 0, ""), UserError);
}

}  // namespace
}  // namespace tessera
