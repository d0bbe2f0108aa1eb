// SPDX-License-Identifier: GPL-3.0-or-later
// Balls in pictures: where they appear, what hides what; bars as long as their numbers.
#include "tessera/report/ball_view.h"

#include <gmock/gmock.h>

#include <set>

#include "tessera/base/errors.h"
#include "tessera/report/bar_chart.h"

namespace tessera {
namespace {

constexpr Colour red = {230, 0, 0}, green = {0, 230, 0};

// Pixels where one plane stands out.
int64_t count(const ColourImage& image, const GreyImage ColourImage::*strong, const GreyImage ColourImage::*weak) {
  int64_t pixels = 0;
  for (size_t i = 0; i < image.red.pixels().size(); ++i)
    pixels += (image.*strong).pixels()[i] > (image.*weak).pixels()[i] + 20;
  return pixels;
}

BallViewOptions facing_x() {  // the camera looks along +x: y to the left, z up
  BallViewOptions options;
  options.panel_pixels = 200;
  options.field_A = 100;
  options.turn_deg = -90;
  options.tilt_deg = 0;
  return options;
}

TEST(BallView, ADiscOfTheRightSize) {
  const ColourImage image = ball_view({{"one", {{{0, 0, 0}, 25, red}}}}, facing_x());
  // Radius 25 Å of a field of 100 Å on 200 pixels: 50 pixels. The dark rim falls below the threshold in part.
  EXPECT_NEAR(static_cast<double>(count(image, &ColourImage::red, &ColourImage::green)), 3.14159 * 50 * 50, 400);
}

TEST(BallView, TheNearerBallHidesTheOther) {
  const ViewBall near{{-40, 0, 0}, 20, red}, far{{40, 0, 0}, 15, green};
  for (const auto& balls : {std::vector<ViewBall>{near, far}, std::vector<ViewBall>{far, near}}) {
    const ColourImage image = ball_view({{"", balls}}, facing_x());
    EXPECT_GT(count(image, &ColourImage::red, &ColourImage::green), 1000);
    EXPECT_EQ(count(image, &ColourImage::green, &ColourImage::red), 0);
  }
}

TEST(BallView, UpIsUpAndEverythingFits) {
  BallViewOptions options = facing_x();
  options.field_A = 0;
  const ColourImage image = ball_view({{"", {{{0, 0, 60}, 10, red}, {{0, 0, -60}, 10, green}}}}, options);
  double red_row = 0, green_row = 0, reds = 0, greens = 0;
  for (int64_t row = 0; row < image.red.rows(); ++row)
    for (int64_t column = 0; column < image.red.columns(); ++column) {
      if (image.red(row, column) > image.green(row, column) + 20) red_row += static_cast<double>(row), ++reds;
      if (image.green(row, column) > image.red(row, column) + 20) green_row += static_cast<double>(row), ++greens;
    }
  EXPECT_LT(red_row / reds, green_row / greens) << "rows run downwards";
  EXPECT_NEAR(reds, greens, 60) << "both whole";
}

TEST(BallView, RefusesNothingToSee) {
  EXPECT_THROW(ball_view({}), UserError);
  EXPECT_THROW(ball_view({{"", {}}}), UserError);
}

TEST(Palette, ColoursDiffer) {
  std::set<Colour> seen;
  for (int i = -1; i < 40; ++i) seen.insert(palette_colour(i));
  EXPECT_EQ(seen.size(), 41u);
}

TEST(BarChart, BarsAreProportional) {
  const auto length = [](double value) {
    return static_cast<double>(
        count(bar_chart({{"a", red}}, {{"x", {value}}, {"y", {10}}}, "nm3"), &ColourImage::red, &ColourImage::green));
  };
  const double none = length(0), two = length(2), eight = length(8);
  EXPECT_NEAR((eight - none) / (two - none), 4, 0.1);
  EXPECT_THROW(bar_chart({{"a", red}}, {{"x", {1, 2}}}, ""), UserError);
  EXPECT_THROW(bar_chart({{"a", red}}, {{"x", {-1}}}, ""), UserError);
  EXPECT_THROW(bar_chart({}, {}, ""), UserError);
}

}  // namespace
}  // namespace tessera
