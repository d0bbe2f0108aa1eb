// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/report/label_slices.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tessera/base/errors.h"
#include "tessera/report/drawing.h"
#include "tessera/report/orthoslices.h"

namespace tessera {
namespace {

constexpr int64_t margin = 12, gap = 10;
constexpr int text_scale = 2;
constexpr uint8_t paper = 255, ink = 20;
constexpr Colour nothing{16, 18, 24}, unknown{150, 150, 150};

void validate(const std::vector<LabelPanel>& panels, double voxel_size_A, int64_t pixels_a_voxel) {
  Faults faults;
  if (panels.empty()) faults.add("there are no panels");
  for (const LabelPanel& panel : panels)
    if (panel.labels.empty() || panel.labels.shape().z != 1) faults.add(panel.title + " is no plane");
  if (!(voxel_size_A > 0)) faults.add("the voxel size must be positive");
  if (pixels_a_voxel < 1) faults.add("a voxel needs at least one pixel");
  faults.raise<UserError>("label figure");
}

struct Canvas {
  ColourImage image;
  Canvas(int64_t rows, int64_t columns)
      : image{GreyImage(rows, columns, paper), GreyImage(rows, columns, paper), GreyImage(rows, columns, paper)} {}
  void rectangle(int64_t row, int64_t column, int64_t rows, int64_t columns, Colour colour) {
    fill_rectangle(image.red, row, column, rows, columns, colour[0]);
    fill_rectangle(image.green, row, column, rows, columns, colour[1]);
    fill_rectangle(image.blue, row, column, rows, columns, colour[2]);
  }
  void text(int64_t row, int64_t column, const std::string& text) {
    for (GreyImage* plane : {&image.red, &image.green, &image.blue})
      draw_text(*plane, row, column, text, text_scale, ink);
  }
};

}  // namespace

ColourImage label_figure(const std::vector<LabelPanel>& panels, const std::vector<LabelKind>& kinds,
                         double voxel_size_A, int64_t pixels_a_voxel) {
  validate(panels, voxel_size_A, pixels_a_voxel);
  const int64_t line = text_height(text_scale), top = margin + line + gap, swatch = line;
  int64_t tallest = 0, width = margin, name_width = 0;
  for (const LabelPanel& panel : panels) {
    tallest = std::max(tallest, panel.labels.shape().y * pixels_a_voxel);
    width += std::max(panel.labels.shape().x * pixels_a_voxel, text_width(panel.title, text_scale)) + margin;
  }
  for (const LabelKind& kind : kinds) name_width = std::max(name_width, text_width(kind.name, text_scale));
  const int64_t cell = swatch + gap + name_width + 2 * gap;
  const int64_t columns_of_names = std::max<int64_t>(1, (width - 2 * margin) / cell);
  const auto count = static_cast<int64_t>(kinds.size());
  const int64_t legend_rows = (count + columns_of_names - 1) / columns_of_names;
  const int64_t bar_top = top + tallest + gap, legend_top = bar_top + line + 2 * gap;
  Canvas canvas(legend_top + legend_rows * (line + gap) + margin, std::max(width, cell + 2 * margin));
  std::map<int32_t, Colour> colours{{0, nothing}};
  for (const LabelKind& kind : kinds) colours[kind.label] = kind.colour;
  int64_t left = margin;
  for (const LabelPanel& panel : panels) {
    const Shape3 shape = panel.labels.shape();
    canvas.text(margin, left, panel.title);
    for (int64_t y = 0; y < shape.y; ++y)
      for (int64_t x = 0; x < shape.x; ++x) {
        const auto at = colours.find(panel.labels(0, y, x));
        canvas.rectangle(top + (shape.y - 1 - y) * pixels_a_voxel, left + x * pixels_a_voxel, pixels_a_voxel,
                         pixels_a_voxel, at == colours.end() ? unknown : at->second);
      }
    left += std::max(shape.x * pixels_a_voxel, text_width(panel.title, text_scale)) + margin;
  }
  const auto field = static_cast<double>(panels.front().labels.shape().x) * voxel_size_A;
  const double bar_A = scale_bar_A(field);
  const auto bar = std::max<int64_t>(1, std::llround(bar_A / voxel_size_A * static_cast<double>(pixels_a_voxel)));
  canvas.rectangle(bar_top + line / 3, margin, line / 3, bar, {ink, ink, ink});
  canvas.text(bar_top, margin + bar + gap, fmt::format("{:g} Å", bar_A));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = legend_top + i / columns_of_names * (line + gap), column = margin + i % columns_of_names * cell;
    canvas.rectangle(row, column, swatch, swatch, kinds[i].colour);
    canvas.text(row, column + swatch + gap, kinds[i].name);
  }
  return std::move(canvas.image);
}

}  // namespace tessera
