// SPDX-License-Identifier: GPL-3.0-or-later
// Figures: which voxel goes where, greys, scale bar, text.
#include "tessera/report/orthoslices.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/report/drawing.h"

namespace tessera {
namespace {

using testing::HasSubstr;

// The panels are the only parts of a figure that are neither paper nor ink when no voxel is black or white.
struct Box {
  int64_t top = -1, left = -1, bottom = -1, right = -1;
};

Box grey_box(const GreyImage& figure) {
  Box box;
  for (int64_t row = 0; row < figure.rows(); ++row)
    for (int64_t column = 0; column < figure.columns(); ++column) {
      if (figure(row, column) == 0 || figure(row, column) == 255) continue;
      if (box.top < 0) box.top = row;
      box.bottom = row;
      box.left = box.left < 0 ? column : std::min(box.left, column);
      box.right = std::max(box.right, column);
    }
  return box;
}

// White is the largest voxel.
OrthosliceOptions small_panels(int64_t pixels) {
  OrthosliceOptions options;
  options.panel_pixels = pixels;
  options.white_quantile = 1;
  return options;
}

TEST(OrthosliceTest, SliceEnlargedByOneIsTheVoxels) {
  constexpr int64_t n = 9, centre = n / 2;
  Volume<float> voxels(Shape3::cube(n));
  Random random(1, "orthoslice test", 0);
  for (float& value : voxels) value = static_cast<float>(random.uniform());
  voxels(0, 0, 0) = -0.1f;  // black, and the next white, both outside the three central slices
  voxels(8, 8, 8) = 1.1f;
  OrthosliceOptions options = small_panels(n);
  options.black_sigma = -100;
  const GreyImage figure = orthoslice_figure({{"", voxels}}, 1, options);
  const Box box = grey_box(figure);
  ASSERT_EQ(box.right - box.left + 1, n);
  const int64_t pitch = (box.bottom - box.top + 1 - n) / 2;  // from one row of panels to the next
  for (int64_t row = 0; row < n; ++row)
    for (int64_t column = 0; column < n; ++column) {
      const int64_t up = n - 1 - row;
      const float expected[] = {voxels(centre, up, column), voxels(up, centre, column), voxels(up, column, centre)};
      for (int view = 0; view < 3; ++view)
        EXPECT_NEAR(figure(box.top + view * pitch + row, box.left + column), 255 * (expected[view] + 0.1) / 1.2, 0.51)
            << view << " " << row << " " << column;
    }
}

TEST(OrthosliceTest, EnlargementKeepsStraightLines) {
  // Catmull–Rom reproduces a ramp exactly wherever its four voxels lie inside the map.
  constexpr int64_t n = 8, factor = 5;
  Volume<float> ramp(Shape3::cube(n));
  for (int64_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<float>(i % n);
  ramp(0, 0, 0) = -1;  // black and white lie outside the central slices
  ramp(0, 0, 1) = n;
  OrthosliceOptions options = small_panels(n * factor - 2);  // rounded up to five pixels a voxel
  options.black_sigma = -100;
  const GreyImage figure = orthoslice_figure({{"", ramp}}, 1, options);
  const Box box = grey_box(figure);
  ASSERT_EQ(box.right - box.left + 1, n * factor);
  for (int64_t x = 3 * factor / 2; x < (n - 2) * factor + factor / 2; ++x) {
    const double voxel = (static_cast<double>(x) + 0.5) / factor - 0.5;
    EXPECT_NEAR(figure(box.top + 17, box.left + x), 255 * (voxel + 1) / (n + 1), 0.51) << x;
  }
}

TEST(OrthosliceTest, ScaleBarIsAsLongAsItSays) {
  const Volume<float> voxels(Shape3::cube(20), 1.0f);
  const GreyImage figure = orthoslice_figure({{"MAP", voxels}, {"OTHER", voxels}}, 7.5, small_panels(100));
  // 20 × 7.5 Å = 150 Å of 100 pixels: the bar of 50 Å takes 33 of them, the longest black run of the last rows.
  int64_t longest = 0, run = 0;
  for (int64_t row = figure.rows() - 30; row < figure.rows(); ++row)
    for (int64_t column = 0; column < figure.columns(); ++column) {
      run = column > 0 && figure(row, column) == 0 ? run + 1 : 0;
      longest = std::max(longest, run);
    }
  EXPECT_EQ(longest, 33);
}

TEST(OrthosliceTest, ScaleBarIsRound) {
  for (double field = 3; field < 5000; field *= 1.07) {
    const double bar = scale_bar_A(field), digit = bar / std::pow(10, std::floor(std::log10(bar) + 1e-9));
    EXPECT_LE(bar, field / 2);
    EXPECT_GE(bar, field / 5 - 1e-9);
    EXPECT_TRUE(std::abs(digit - 1) < 1e-9 || std::abs(digit - 2) < 1e-9 || std::abs(digit - 5) < 1e-9) << bar;
  }
}

TEST(OrthosliceTest, FlatMapsAndBadRequests) {
  const Volume<float> flat(Shape3::cube(4));
  EXPECT_GT(orthoslice_figure({{"flat", flat}}, 1).rows(), 0) << "no division by the width of an empty range";
  EXPECT_THROW(orthoslice_figure({}, 1), UserError);
  EXPECT_THROW(orthoslice_figure({{"flat", flat}}, 0), UserError);
  try {
    orthoslice_figure({{"first", flat}, {"second", Volume<float>(Shape3::cube(5))}}, 1);
    FAIL() << "maps of two sizes";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("second"));
  }
}

std::string drawn(const std::string& text) {
  GreyImage image(text_height(1), 5, 255);
  draw_text(image, 0, 0, text, 1, 0);
  return {image.pixels().begin(), image.pixels().end()};
}

TEST(DrawingTest, EveryGlyphIsItsOwn) {
  std::set<std::string> seen;
  const std::vector<std::string> known = {"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M",
                                          "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z",
                                          "Å", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", " ", ".",
                                          ",", "-", "+", "/", "(", ")", "%", ":", "=", "°", "€"};
  for (const std::string& character : known) EXPECT_TRUE(seen.insert(drawn(character)).second) << character;
  EXPECT_EQ(drawn("€"), drawn("#")) << "unknown characters are one box";
  EXPECT_EQ(drawn("q"), drawn("Q"));
}

TEST(DrawingTest, MeasuresAndCutsOff) {
  EXPECT_EQ(text_width("", 2), 0);
  EXPECT_EQ(text_width("Å", 2), 10) << "one character of two bytes";
  EXPECT_EQ(text_width("AB", 3), 33);
  GreyImage image(5, 5, 9);
  draw_text(image, -3, -3, "WWW", 1, 0);
  fill_rectangle(image, 3, 3, 100, 100, 1);
  paste(image, -1, -1, GreyImage(2, 2, 4));
  EXPECT_EQ(image(4, 4), 1);
  EXPECT_EQ(image(0, 0), 4);
}

}  // namespace
}  // namespace tessera
