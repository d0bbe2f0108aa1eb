// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/report/bar_chart.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/report/drawing.h"

namespace tessera {
namespace {

constexpr int64_t margin = 12, gap = 8, bar_height = 9, plot_width = 620;
constexpr int text_scale = 2;
constexpr uint8_t paper = 255, ink = 20, grid_grey = 215;

void validate(const std::vector<BarSeries>& series, const std::vector<BarGroup>& groups) {
  Faults faults;
  if (series.empty() || groups.empty()) faults.add("a chart needs groups and series");
  for (const BarGroup& group : groups) {
    if (group.values.size() != series.size())
      faults.add(fmt::format("{}: {} values for {} series", group.name, group.values.size(), series.size()));
    for (const double value : group.values)
      if (!(value >= 0 && std::isfinite(value)))
        faults.add(fmt::format("{}: {} is no length of a bar", group.name, value));
  }
  faults.raise<UserError>("bar chart");
}

// 1, 2 or 5 times a power of ten, four to ten steps to the largest value.
double tick_of(double largest) {
  const double power = std::pow(10, std::floor(std::log10(largest)) - 1);
  for (const double digit : {1.0, 2.0, 5.0, 10.0, 20.0})
    if (largest / (digit * power) <= 10) return digit * power;
  return 50 * power;
}

}  // namespace

ColourImage bar_chart(const std::vector<BarSeries>& series, const std::vector<BarGroup>& groups,
                      const std::string& unit) {
  validate(series, groups);
  double largest = 0;
  int64_t names = 0;
  for (const BarGroup& group : groups) {
    largest = std::max(largest, *std::max_element(group.values.begin(), group.values.end()));
    names = std::max(names, text_width(group.name, text_scale));
  }
  if (largest <= 0) largest = 1;
  const double tick = tick_of(largest), end = std::ceil(largest / tick) * tick;
  const int64_t line = text_height(text_scale), top = margin + line + 2 * gap, left = margin + names + gap;
  const auto group_height = static_cast<int64_t>(series.size()) * bar_height + gap;
  const int64_t bottom = top + static_cast<int64_t>(groups.size()) * group_height;
  const int64_t rows = bottom + gap + line + gap + line + margin, columns = left + plot_width + 80 + margin;
  ColourImage out{GreyImage(rows, columns, paper), GreyImage(rows, columns, paper), GreyImage(rows, columns, paper)};
  GreyImage* planes[3] = {&out.red, &out.green, &out.blue};
  const auto at = [&](double value) { return left + static_cast<int64_t>(std::lround(value / end * plot_width)); };
  for (int c = 0; c < 3; ++c) {
    GreyImage& plane = *planes[c];
    for (double value = 0; value <= end * 1.0001; value += tick) {
      fill_rectangle(plane, top - gap / 2, at(value), bottom - top + gap / 2, 1, grid_grey);
      const std::string label = fmt::format("{:g}", value);
      draw_text(plane, bottom + gap, at(value) - text_width(label, text_scale) / 2, label, text_scale, ink);
    }
    draw_text(plane, bottom + 2 * gap + line, left + (plot_width - text_width(unit, text_scale)) / 2, unit, text_scale,
              ink);
    int64_t legend = left;
    for (const BarSeries& one : series) {
      fill_rectangle(plane, margin, legend, line, 2 * line, one.colour[c]);
      draw_text(plane, margin, legend + 2 * line + gap, one.name, text_scale, ink);
      legend += 2 * line + 4 * gap + text_width(one.name, text_scale);
    }
    for (size_t g = 0; g < groups.size(); ++g) {
      const int64_t row = top + static_cast<int64_t>(g) * group_height;
      const int64_t name_row = row + (group_height - gap - line) / 2;
      draw_text(plane, name_row, left - gap - text_width(groups[g].name, text_scale), groups[g].name, text_scale, ink);
      for (size_t s = 0; s < series.size(); ++s)
        fill_rectangle(plane, row + static_cast<int64_t>(s) * bar_height, left, bar_height - 1,
                       std::max<int64_t>(1, at(groups[g].values[s]) - left), series[s].colour[c]);
    }
  }
  return out;
}

}  // namespace tessera
