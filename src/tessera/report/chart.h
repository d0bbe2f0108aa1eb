// SPDX-License-Identifier: GPL-3.0-or-later
// Lines or points over two axes: learning curves, maps of features.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tessera/report/ball_view.h"

namespace tessera {

struct ChartSeries {
  std::string name;  // in the legend; empty: not there
  std::vector<double> x, y;
  Colour colour{};
  bool points = false;  // otherwise a line through them
  bool dashed = false;
};

struct Chart {
  std::string title, x_label, y_label;
  std::vector<ChartSeries> series;
  bool axes = true;  // numbers and grid; without them only a frame (maps whose axes mean nothing)
  bool y_from_zero = false;
};

// 800 × 560 pixels, its axes of round numbers, a legend at the right (at most 24 names). Letters as drawing.h.
// UserError: nothing to draw, x and y of different length, values that are not finite.
ColourImage draw_chart(const Chart& chart);
std::string chart_svg(const Chart& chart);
// Both, as `stem`.png and `stem`.svg, each atomic.
void write_chart(const std::filesystem::path& stem, const Chart& chart);

}  // namespace tessera
