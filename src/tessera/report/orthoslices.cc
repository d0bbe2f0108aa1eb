// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/report/orthoslices.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/quantile.h"
#include "tessera/report/drawing.h"

namespace tessera {
namespace {

constexpr uint8_t paper = 255, ink = 0;
constexpr int64_t gap = 6, margin = 10;
constexpr int text_scale = 2;

struct GreyRange {
  double black = 0, white = 1;
};

GreyRange range_of(const Volume<float>& voxels, const OrthosliceOptions& options) {
  double sum = 0, squares = 0;
  for (const float value : voxels) {
    sum += value;
    squares += double{value} * value;
  }
  const auto count = static_cast<double>(voxels.size());
  const double mean = sum / count, deviation = std::sqrt(std::max(0.0, squares / count - mean * mean));
  std::vector<float> sorted(voxels.begin(), voxels.end());
  const double lowest = *std::min_element(voxels.begin(), voxels.end());
  const double black = std::max(lowest, mean + options.black_sigma * deviation),
               white = quantile(sorted, options.white_quantile);
  return white > black ? GreyRange{black, white} : GreyRange{black, black + 1};
}

// Weights of the four neighbours of a point `t` beyond the second of them.
std::array<double, 4> catmull_rom(double t) {
  const double t2 = t * t, t3 = t2 * t;
  return {(-t3 + 2 * t2 - t) / 2, (3 * t3 - 5 * t2 + 2) / 2, (-3 * t3 + 4 * t2 + t) / 2, (t3 - t2) / 2};
}

// `at(row, column)` of an n × n slice, enlarged `factor` times.
template <typename Slice>
GreyImage enlarged(int64_t n, int64_t factor, const GreyRange& range, const Slice& at) {
  GreyImage image(n * factor, n * factor);
  const auto place = [&](int64_t pixel) {  // pixel centre in voxels
    return (static_cast<double>(pixel) + 0.5) / static_cast<double>(factor) - 0.5;
  };
  const auto inside = [&](int64_t i) { return std::clamp<int64_t>(i, 0, n - 1); };
  for (int64_t row = 0; row < image.rows(); ++row) {
    const double y = place(row);
    const auto y0 = static_cast<int64_t>(std::floor(y));
    const auto wy = catmull_rom(y - static_cast<double>(y0));
    for (int64_t column = 0; column < image.columns(); ++column) {
      const double x = place(column);
      const auto x0 = static_cast<int64_t>(std::floor(x));
      const auto wx = catmull_rom(x - static_cast<double>(x0));
      double value = 0;
      for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) value += wy[i] * wx[j] * at(inside(y0 + i - 1), inside(x0 + j - 1));
      const double grey = 255 * (value - range.black) / (range.white - range.black);
      image(row, column) = static_cast<uint8_t>(std::lround(std::clamp(grey, 0.0, 255.0)));
    }
  }
  return image;
}

// The three slices of a map; rows run downwards, the axis upwards.
std::array<GreyImage, 3> slices(const Volume<float>& voxels, int64_t factor, const OrthosliceOptions& options) {
  const int64_t n = voxels.shape().x, centre = n / 2;
  const GreyRange range = range_of(voxels, options);
  return {enlarged(n, factor, range, [&](int64_t row, int64_t column) { return voxels(centre, n - 1 - row, column); }),
          enlarged(n, factor, range, [&](int64_t row, int64_t column) { return voxels(n - 1 - row, centre, column); }),
          enlarged(n, factor, range, [&](int64_t row, int64_t column) { return voxels(n - 1 - row, column, centre); })};
}

void validate(const std::vector<OrthoslicePanel>& panels, double voxel_size_A, const OrthosliceOptions& options) {
  Faults faults;
  if (panels.empty()) faults.add("no maps to draw");
  for (const OrthoslicePanel& panel : panels) {
    const Shape3 shape = panel.voxels.shape();
    if (!shape.is_cube() || shape.x < 1 || shape != panels.front().voxels.shape())
      faults.add(fmt::format("{}: {} × {} × {} voxels; maps of a figure are cubes of one size", panel.title, shape.z,
                             shape.y, shape.x));
  }
  if (!(voxel_size_A > 0)) faults.add(fmt::format("voxel size {:g} Å: must be above 0", voxel_size_A));
  if (options.panel_pixels < 1) faults.add(fmt::format("{} pixels a panel: at least 1", options.panel_pixels));
  faults.raise<UserError>("figure");
}

}  // namespace

double scale_bar_A(double field_A) {
  const double limit = field_A / 2, power = std::pow(10, std::floor(std::log10(limit)));
  for (const double digit : {5.0, 2.0})
    if (digit * power <= limit) return digit * power;
  return power;
}

GreyImage orthoslice_figure(const std::vector<OrthoslicePanel>& panels, double voxel_size_A,
                            const OrthosliceOptions& options) {
  validate(panels, voxel_size_A, options);
  const int64_t n = panels.front().voxels.shape().x, factor = (options.panel_pixels + n - 1) / n, edge = n * factor;
  const int64_t line = text_height(text_scale);
  const auto count = static_cast<int64_t>(panels.size());
  const int64_t top = margin + line + gap, left = margin + line + gap;
  const int64_t bottom = top + 3 * edge + 2 * gap;
  GreyImage figure(bottom + 2 * gap + line + margin, left + count * edge + (count - 1) * gap + margin, paper);
  const std::array<const char*, 3> row_titles = {"z", "y", "x"};
  for (int64_t row = 0; row < 3; ++row)
    draw_text(figure, top + row * (edge + gap) + (edge - line) / 2, margin, row_titles[row], text_scale, ink);
  for (int64_t column = 0; column < count; ++column) {
    const OrthoslicePanel& panel = panels[column];
    const int64_t x = left + column * (edge + gap);
    // Long titles are drawn smaller rather than into the next column.
    const int scale = text_width(panel.title, text_scale) <= edge ? text_scale : 1;
    draw_text(figure, margin + line - text_height(scale),
              x + std::max<int64_t>(0, edge - text_width(panel.title, scale)) / 2, panel.title, scale, ink);
    const auto images = slices(panel.voxels, factor, options);
    for (int64_t row = 0; row < 3; ++row) paste(figure, top + row * (edge + gap), x, images[row]);
  }
  const double bar_A = scale_bar_A(static_cast<double>(n) * voxel_size_A);
  const auto bar = std::max<int64_t>(1, std::llround(bar_A / voxel_size_A * static_cast<double>(factor)));
  const int64_t below = bottom + 2 * gap;
  fill_rectangle(figure, below + line / 2 - 2, left, 4, bar, ink);
  draw_text(figure, below, left + bar + gap, fmt::format("{:g} Å", bar_A), text_scale, ink);
  return figure;
}

}  // namespace tessera
