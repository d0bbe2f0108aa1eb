// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/report/slab_marks.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/quantile.h"
#include "tessera/report/drawing.h"
#include "tessera/report/orthoslices.h"

namespace tessera {
namespace {

constexpr int64_t least_pixels = 560, margin = 14, text = 2;

void validate(const Volume<float>& plane, const std::vector<SlabPanel>& panels, double voxel_size_A) {
  Faults faults;
  if (panels.empty()) faults.add("there are no panels");
  if (plane.empty() || plane.shape().z != 1) faults.add("what is drawn is no plane");
  if (!(voxel_size_A > 0)) faults.add("the voxel size must be positive");
  faults.raise<UserError>("figure of a slab");
}

struct Panel {
  ColourImage picture;
  int64_t scale = 1, height = 0;  // pixels a voxel; voxels

  void dot(double row, double column, Colour colour) {
    const double r = std::floor(row), c = std::floor(column);
    if (r < 0 || c < 0 || r >= double(picture.red.rows()) || c >= double(picture.red.columns())) return;
    const auto i = static_cast<int64_t>(r), j = static_cast<int64_t>(c);
    picture.red(i, j) = colour[0];
    picture.green(i, j) = colour[1];
    picture.blue(i, j) = colour[2];
  }

  // A circle about a voxel, its radius in pixels; `filled`, or a line two pixels wide.
  void circle(const SlabMark& mark, double radius, bool filled) {
    const double row = (static_cast<double>(height) - mark.y_voxels - 0.5) * static_cast<double>(scale),
                 column = (mark.x_voxels + 0.5) * static_cast<double>(scale);
    const int reach = static_cast<int>(radius) + 1;
    for (int r = -reach; r <= reach; ++r)
      for (int c = -reach; c <= reach; ++c) {
        const double d = std::hypot(r, c);
        if (filled ? d <= radius : std::abs(d - radius) <= 0.75) dot(row + r, column + c, mark.colour);
      }
  }
};

Panel grey_panel(const Volume<float>& plane) {
  const Shape3 shape = plane.shape();
  std::vector<float> values(plane.begin(), plane.end());
  const double black = quantile(values, 0.01), white = quantile(values, 0.99);
  Panel panel;
  panel.scale = std::max<int64_t>(1, (least_pixels + shape.x - 1) / shape.x);
  panel.height = shape.y;
  GreyImage grey(shape.y * panel.scale, shape.x * panel.scale);
  for (int64_t r = 0; r < grey.rows(); ++r)
    for (int64_t c = 0; c < grey.columns(); ++c) {
      const double value = plane(0, shape.y - 1 - r / panel.scale, c / panel.scale);
      const double share = white > black ? (value - black) / (white - black) : 0.5;
      grey(r, c) = static_cast<uint8_t>(std::clamp(std::lround(255 * share), 0L, 255L));
    }
  panel.picture = {grey, grey, grey};
  return panel;
}

void each_plane(ColourImage& image, const auto& draw) {
  for (GreyImage* plane : {&image.red, &image.green, &image.blue}) draw(*plane);
}

}  // namespace

Volume<float> mean_plane(const Volume<float>& volume, int64_t first, int64_t last) {
  const Shape3 shape = volume.shape();
  if (first < 0 || last < first || last >= shape.z)
    throw InternalError(fmt::format("planes {} to {} of {}", first, last, shape.z));
  const int64_t count = shape.y * shape.x;
  std::vector<double> sum(count);
  for (int64_t z = first; z <= last; ++z)
    for (int64_t i = 0; i < count; ++i) {
      const float value = volume[z * count + i];
      sum[i] += std::isfinite(value) ? value : 0;
    }
  Volume<float> out({1, shape.y, shape.x});
  for (int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(sum[i] / static_cast<double>(last - first + 1));
  return out;
}

ColourImage slab_figure(const Volume<float>& plane, const std::vector<SlabPanel>& panels, double voxel_size_A,
                        const std::string& caption) {
  validate(plane, panels, voxel_size_A);
  const Panel blank_panel = grey_panel(plane);
  const double dot = std::max(3.0, 0.35 * static_cast<double>(blank_panel.scale));
  const int64_t top = margin + text_height(text) + margin / 2, rows = blank_panel.picture.red.rows(),
                columns = blank_panel.picture.red.columns();
  const GreyImage blank(top + rows + 2 * margin + text_height(text) + 8,
                        margin + std::ssize(panels) * (columns + margin), 255);
  ColourImage out{blank, blank, blank};
  for (int64_t i = 0; i < std::ssize(panels); ++i) {
    Panel panel = blank_panel;
    for (const SlabMark& mark : panels[i].marks) {
      panel.circle(mark, dot, mark.filled);
      if (mark.circle_voxels > 0) panel.circle(mark, mark.circle_voxels * static_cast<double>(panel.scale), false);
    }
    const int64_t left = margin + i * (columns + margin);
    each_plane(out, [&](GreyImage& image) { draw_text(image, margin, left, panels[i].title, text, 0); });
    paste(out.red, top, left, panel.picture.red);
    paste(out.green, top, left, panel.picture.green);
    paste(out.blue, top, left, panel.picture.blue);
  }
  const double bar_A = scale_bar_A(static_cast<double>(plane.shape().x) * voxel_size_A);
  const auto length = std::lround(bar_A / voxel_size_A * static_cast<double>(blank_panel.scale));
  each_plane(out, [&](GreyImage& image) {
    const int64_t row = top + rows + margin;
    fill_rectangle(image, row + text_height(text) / 2 - 2, margin, 4, length, 0);
    draw_text(image, row, margin + length + margin, fmt::format("{:g} Å   {}", bar_A, caption), text, 0);
  });
  return out;
}

}  // namespace tessera
