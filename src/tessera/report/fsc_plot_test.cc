// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/report/fsc_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

using testing::HasSubstr;
using testing::Not;

FscPlot example() {
  FscPlot out;
  out.title = "class 1";
  out.box = 64;
  out.voxel_size_A = 6;
  out.resolution_A = 20;
  for (int s = 0; s <= 32; ++s) {
    out.corrected.push_back(1 / (1 + std::exp((s - 16.0) / 2)));
    out.unmasked.push_back(1 / (1 + std::exp((s - 12.0) / 2)));
    out.randomised.push_back(0.05 * std::sin(s));
    out.masked.push_back(out.corrected.back() + out.randomised.back() * (1 - out.corrected.back()));
  }
  return out;
}

int darkest(const GreyImage& image, int64_t row, int64_t column, int64_t reach) {
  int out = 255;
  for (int64_t r = row - reach; r <= row + reach; ++r)
    for (int64_t c = column - reach; c <= column + reach; ++c) out = std::min<int>(out, image(r, c));
  return out;
}

TEST(FscPlot, TheCurveRunsWhereItsValuesAre) {
  const FscPlot plot = example();
  const GreyImage image = draw_fsc(plot);
  ASSERT_EQ(image.rows(), 560);
  ASSERT_EQ(image.columns(), 800);
  for (const int s : {4, 10, 16, 22}) {  // frame: columns 80 … 780, rows 50 (FSC 1) … 490 (FSC −0.2)
    const auto column = std::lround(80 + 700.0 * s / 32);
    const auto row = std::lround(50 + 440 * (1 - plot.corrected[s]) / 1.2);
    EXPECT_LT(darkest(image, row, column, 2), 60) << s;
  }
  EXPECT_EQ(darkest(image, 80, 300, 5), 255) << "nothing is drawn where no curve is";
}

TEST(FscPlot, AnEmptyCurveIsLeftOut) {
  FscPlot plot = example();
  EXPECT_THAT(fsc_svg(plot), HasSubstr("phases randomised"));
  plot.randomised.clear();
  const std::string svg = fsc_svg(plot);
  EXPECT_THAT(svg, Not(HasSubstr("phases randomised")));
  EXPECT_THAT(svg, HasSubstr("corrected"));
  EXPECT_THAT(svg, HasSubstr("20.0 Å"));
  EXPECT_THAT(svg, HasSubstr(">12.0<")) << "Nyquist";
}

TEST(FscPlot, OtherNumbersOfShellsAreRefused) {
  FscPlot plot = example();
  plot.masked.pop_back();
  EXPECT_THROW(draw_fsc(plot), InternalError);
}

}  // namespace
}  // namespace tessera
