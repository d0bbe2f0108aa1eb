// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/tomogram_preview.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tessera/report/drawing.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

// Means over blocks of `factor`² pixels (labels: the first of each), upside down so that the second axis points up.
GreyImage drawn(const PreviewPanel& panel, int64_t panel_pixels) {
  const Shape3 shape = panel.plane.shape();
  const int64_t shrink = std::max<int64_t>(1, (shape.x + panel_pixels - 1) / panel_pixels),
                grow = std::max<int64_t>(1, panel_pixels / shape.x), rows = shape.y / shrink,
                columns = shape.x / shrink;
  Volume<float> small({1, rows, columns}, 0.0f);
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < columns; ++x) {
      if (panel.labels) {
        small(0, y, x) = panel.plane(0, y * shrink, x * shrink);
        continue;
      }
      for (int64_t j = 0; j < shrink; ++j)
        for (int64_t i = 0; i < shrink; ++i) small(0, y, x) += panel.plane(0, y * shrink + j, x * shrink + i);
    }
  const Statistics values = statistics(small);
  const double spread = std::max(std::sqrt(values.variance), 1e-12);
  GreyImage out(rows * grow, columns * grow);
  for (int64_t r = 0; r < out.rows(); ++r)
    for (int64_t c = 0; c < out.columns(); ++c) {
      const float value = small(0, rows - 1 - r / grow, c / grow);
      double grey = 127.5 + 42.5 * (value - values.mean) / spread;
      if (panel.labels) grey = value == 0 ? 0 : 70 + std::fmod(static_cast<double>(value) * 61, 186);
      out(r, c) = static_cast<uint8_t>(std::clamp(std::lround(grey), 0L, 255L));
    }
  return out;
}

}  // namespace

Volume<float> plane_of(const Volume<float>& volume, int64_t z) {
  const Shape3 shape = volume.shape();
  Volume<float> out({1, shape.y, shape.x});
  std::copy_n(&volume(z, 0, 0), out.size(), out.data());
  return out;
}

Volume<float> side_of(const Volume<float>& volume, int64_t y) {
  const Shape3 shape = volume.shape();
  Volume<float> out({1, shape.z, shape.x});
  for (int64_t z = 0; z < shape.z; ++z) std::copy_n(&volume(z, y, 0), shape.x, &out(0, z, 0));
  return out;
}

GreyImage preview_picture(const std::vector<PreviewPanel>& panels, int64_t panel_pixels) {
  constexpr int64_t gap = 12;
  std::vector<GreyImage> pictures;
  for (const PreviewPanel& panel : panels) pictures.push_back(drawn(panel, panel_pixels));
  const int64_t title = text_height(2) + gap;
  const size_t in_row = (panels.size() + 1) / 2;
  std::array<int64_t, 2> height{}, width{gap, gap};
  for (size_t i = 0; i < pictures.size(); ++i) {
    const size_t row = i / in_row;
    height[row] = std::max(height[row], pictures[i].rows() + title + gap);
    width[row] += pictures[i].columns() + gap;
  }
  GreyImage out(height[0] + height[1] + gap, std::max(width[0], width[1]), 255);
  int64_t column = gap;
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (i % in_row == 0) column = gap;
    const int64_t top = gap + (i / in_row == 0 ? 0 : height[0]);
    draw_text(out, top, column, panels[i].title, 2, 0);
    paste(out, top + title, column, pictures[i]);
    column += pictures[i].columns() + gap;
  }
  return out;
}

}  // namespace tessera
