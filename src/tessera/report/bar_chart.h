// SPDX-License-Identifier: GPL-3.0-or-later
// Groups of horizontal bars with names: for figures that compare a few numbers of many things.
#pragma once

#include <string>
#include <vector>

#include "tessera/report/ball_view.h"

namespace tessera {

struct BarSeries {
  std::string name;  // in the legend
  Colour colour{};
};

struct BarGroup {
  std::string name;            // left of its bars
  std::vector<double> values;  // one for each series, not negative
};

// Bars start at 0; an axis of round numbers below, labelled with `unit`. Letters as drawing.h. UserError: no groups or
// series, numbers that are negative or not finite, groups that differ from the series in length.
ColourImage bar_chart(const std::vector<BarSeries>& series, const std::vector<BarGroup>& groups,
                      const std::string& unit);

}  // namespace tessera
