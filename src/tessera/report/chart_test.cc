// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/report/chart.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

using testing::HasSubstr;

Chart line() {
  Chart chart;
  chart.title = "A < B";
  chart.series = {{"rising", {0, 1, 2}, {0, 1, 2}, {200, 0, 0}}, {"", {0, 2}, {2, 0}, {0, 0, 200}}};
  return chart;
}

// The rising line is red from the lower left to the upper right, the other blue.
TEST(Chart, PutsValuesWhereTheyBelong) {
  const ColourImage image = draw_chart(line());
  ASSERT_EQ(image.red.rows(), 560);
  ASSERT_EQ(image.red.columns(), 800);
  int64_t red_low = 0, red_high = 0;
  for (int64_t r = 60; r < 480; ++r)
    for (int64_t c = 84; c < 640; ++c)
      if (image.red(r, c) > 150 && image.green(r, c) < 80 && image.blue(r, c) < 80)
        (r > 270 ? red_low : red_high) += c < 350 ? 1 : -1;
  EXPECT_GT(red_low, 100) << "low values lie at the left";
  EXPECT_LT(red_high, -100) << "high ones at the right";
}

TEST(Chart, SvgHoldsTheSame) {
  const std::string svg = chart_svg(line());
  EXPECT_THAT(svg, HasSubstr("A &lt; B"));
  EXPECT_THAT(svg, HasSubstr("#c80000"));
  EXPECT_THAT(svg, HasSubstr(">1.5<")) << "axes have round numbers";
  EXPECT_EQ(svg, chart_svg(line()));
}

TEST(Chart, RefusesWhatCannotBeDrawn) {
  EXPECT_THROW(draw_chart({}), UserError);
  Chart chart = line();
  chart.series[0].y[1] = std::nan("");
  EXPECT_THROW(draw_chart(chart), UserError);
  chart.series[0].y.pop_back();
  EXPECT_THROW(chart_svg(chart), UserError);
  Chart flat;
  flat.series = {{"", {1}, {3}, {}}};
  EXPECT_NO_THROW(draw_chart(flat));
}

}  // namespace
}  // namespace tessera
