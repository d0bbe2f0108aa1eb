// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/pick_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tessera/io/png.h"
#include "tessera/report/ball_view.h"
#include "tessera/report/drawing.h"
#include "tessera/report/orthoslices.h"

namespace tessera {
namespace {

constexpr double slab_A = 60;
constexpr int64_t least_pixels = 560, margin = 14, text = 2;
constexpr Colour blue{60, 140, 255}, green{40, 200, 80}, red{235, 60, 50};

struct Panel {
  ColourImage picture;
  int64_t scale = 1, width = 0, height = 0;  // pixels a voxel; voxels

  void dot(double row, double column, Colour colour) {
    const double r = std::floor(row), c = std::floor(column);
    if (r < 0 || c < 0 || r >= double(picture.red.rows()) || c >= double(picture.red.columns())) return;
    const auto i = static_cast<int64_t>(r), j = static_cast<int64_t>(c);
    picture.red(i, j) = colour[0];
    picture.green(i, j) = colour[1];
    picture.blue(i, j) = colour[2];
  }
  double column_of(double x) const { return (x + 0.5) * static_cast<double>(scale); }
  double row_of(double y) const { return (static_cast<double>(height) - y - 0.5) * static_cast<double>(scale); }

  // A circle about voxel (x, y), its radius in pixels; `filled`, or a line two pixels wide.
  void circle(double x, double y, double radius, bool filled, Colour colour) {
    const double row = row_of(y), column = column_of(x);
    const int reach = static_cast<int>(radius) + 1;
    for (int r = -reach; r <= reach; ++r)
      for (int c = -reach; c <= reach; ++c) {
        const double d = std::hypot(r, c);
        if (filled ? d <= radius : std::abs(d - radius) <= 0.75) dot(row + r, column + c, colour);
      }
  }
};

// The mean of planes first … last.
Panel panel_of(const Volume<float>& v, int64_t first, int64_t last) {
  const Shape3 shape = v.shape();
  std::vector<double> mean(shape.y * shape.x);
  for (int64_t z = first; z <= last; ++z)
    for (int64_t i = 0; i < shape.y * shape.x; ++i) {
      const float value = v[z * shape.y * shape.x + i];
      mean[i] += std::isfinite(value) ? value : 0;
    }
  std::vector<double> sorted = mean;
  std::sort(sorted.begin(), sorted.end());
  const double black = sorted[sorted.size() / 100], white = sorted[sorted.size() - 1 - sorted.size() / 100];
  Panel panel;
  panel.scale = std::max<int64_t>(1, (least_pixels + shape.x - 1) / shape.x);
  panel.width = shape.x;
  panel.height = shape.y;
  GreyImage grey(shape.y * panel.scale, shape.x * panel.scale);
  for (int64_t r = 0; r < grey.rows(); ++r)
    for (int64_t c = 0; c < grey.columns(); ++c) {
      const double value = mean[(shape.y - 1 - r / panel.scale) * shape.x + c / panel.scale];
      const double share = white > black ? (value - black) / (white - black) : 0.5;
      grey(r, c) = static_cast<uint8_t>(std::clamp(std::lround(255 * share), 0L, 255L));
    }
  panel.picture = {grey, grey, grey};
  return panel;
}

void each_plane(ColourImage& image, const auto& draw) {
  for (GreyImage* plane : {&image.red, &image.green, &image.blue}) draw(*plane);
}

ColourImage compose(const std::vector<std::pair<std::string, const Panel*>>& panels, double voxel_size_A,
                    const std::string& caption) {
  const Panel& first = *panels[0].second;
  const int64_t top = margin + text_height(text) + margin / 2, rows = first.picture.red.rows(),
                columns = first.picture.red.columns();
  const GreyImage blank(top + rows + 2 * margin + text_height(text) + 8,
                        margin + static_cast<int64_t>(panels.size()) * (columns + margin), 255);
  ColourImage out{blank, blank, blank};
  for (size_t i = 0; i < panels.size(); ++i) {
    const int64_t left = margin + static_cast<int64_t>(i) * (columns + margin);
    each_plane(out, [&](GreyImage& plane) { draw_text(plane, margin, left, panels[i].first, text, 0); });
    paste(out.red, top, left, panels[i].second->picture.red);
    paste(out.green, top, left, panels[i].second->picture.green);
    paste(out.blue, top, left, panels[i].second->picture.blue);
  }
  const double bar_A = scale_bar_A(static_cast<double>(first.width) * voxel_size_A);
  const auto length = static_cast<int64_t>(std::lround(bar_A / voxel_size_A * static_cast<double>(first.scale)));
  each_plane(out, [&](GreyImage& plane) {
    const int64_t row = top + rows + margin;
    fill_rectangle(plane, row + text_height(text) / 2 - 2, margin, 4, length, 0);
    draw_text(plane, row, margin + length + margin, fmt::format("{:g} Å   {}", bar_A, caption), text, 0);
  });
  return out;
}

}  // namespace

void write_pick_figure(const std::filesystem::path& path, const Map& tomogram, double voxel_size_A,
                       const std::vector<TrueParticle>& particles, const std::vector<ScoredPick>& picks,
                       const std::vector<int32_t>& particle_of) {
  const Shape3 shape = tomogram.voxels.shape();
  const int64_t middle = shape.z / 2, half = std::min(middle, static_cast<int64_t>(slab_A / voxel_size_A / 2));
  const int64_t last = std::min(shape.z - 1, middle + half);
  Panel truth = panel_of(tomogram.voxels, middle - half, last), found = truth;
  const double dot = std::max(3.0, 0.35 * static_cast<double>(truth.scale));
  std::vector<uint8_t> hit(particles.size());
  for (const int32_t particle : particle_of)
    if (particle >= 0) hit[particle] = 1;
  int64_t in_truth = 0, in_picks = 0;
  for (size_t i = 0; i < particles.size(); ++i) {
    const TrueParticle& p = particles[i];
    const Vec3 at = p.position_A * (1 / voxel_size_A);
    const double off = (at.z - static_cast<double>(middle)) * voxel_size_A;
    if (p.tomogram != 0 || std::abs(off) > slab_A) continue;
    ++in_truth;
    truth.circle(at.x, at.y, dot, hit[i], blue);
    if (std::abs(off) < p.radius_A) {
      const double cut = std::sqrt(p.radius_A * p.radius_A - off * off) / voxel_size_A;
      truth.circle(at.x, at.y, cut * static_cast<double>(truth.scale), false, blue);
    }
  }
  for (size_t i = 0; i < picks.size(); ++i) {
    const Vec3 at = picks[i].position_A * (1 / voxel_size_A);
    if (picks[i].tomogram != 0 || std::abs(at.z - static_cast<double>(middle)) * voxel_size_A > slab_A) continue;
    ++in_picks;
    found.circle(at.x, at.y, dot, true, particle_of[i] >= 0 ? green : red);
  }
  write_png(path, compose({{fmt::format("{} true centres (filled: found)", in_truth), &truth},
                           {fmt::format("{} picks (red: wrong)", in_picks), &found}},
                          voxel_size_A, fmt::format("centres within {:g} Å of the plane", slab_A)));
}

}  // namespace tessera
