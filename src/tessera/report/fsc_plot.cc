// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/report/fsc_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"
#include "tessera/report/drawing.h"

namespace tessera {
namespace {

constexpr double width = 800, height = 560, left = 80, right = 20, top = 50, bottom = 70;
constexpr double lowest = -0.2, highest = 1, threshold = 0.143;
constexpr int ticks = 6;

struct Curve {
  const char* name;
  const std::vector<double>* values;
  const char* colour;
  uint8_t grey;
  double thickness, dash, gap;  // pixels; no gap: solid
};

std::array<Curve, 4> curves_of(const FscPlot& plot) {
  return {{{"unmasked", &plot.unmasked, "#3b7dd8", 150, 2, 12, 6},
           {"masked", &plot.masked, "#2f9e44", 90, 2, 5, 4},
           {"phases randomised", &plot.randomised, "#c92a2a", 150, 2, 2, 4},
           {"corrected", &plot.corrected, "#000000", 0, 3, 1, 0}}};
}

void check(const FscPlot& plot) {
  for (const Curve& curve : curves_of(plot))
    if (!curve.values->empty() && std::ssize(*curve.values) != plot.box / 2 + 1)
      throw InternalError(fmt::format("FSC plot: {} values for a box of {}", curve.values->size(), plot.box));
}

double across(const FscPlot& plot, double shell) {
  return left + (width - left - right) * shell / static_cast<double>(plot.box / 2);
}
double down(double fsc) {
  return top + (height - top - bottom) * (highest - std::clamp(fsc, lowest, highest)) / (highest - lowest);
}

// Every place where something is written, in pixels: the middle of a line of text.
struct Label {
  double x, y;
  std::string text;
  enum { centred, to_the_left, to_the_right } lies;
};
std::vector<Label> labels_of(const FscPlot& plot) {
  const double extent = static_cast<double>(plot.box) * plot.voxel_size_A, nyquist = static_cast<double>(plot.box / 2);
  std::vector<Label> out;
  out.push_back({width / 2, top / 2, plot.title, Label::centred});
  for (int i = 1; i <= ticks; ++i) {
    const double shell = nyquist * i / ticks, resolution = extent / shell;
    out.push_back({std::min(across(plot, shell), width - 30), height - bottom + 20,
                   fmt::format("{:.{}f}", resolution, resolution < 20 ? 1 : 0), Label::centred});
  }
  out.push_back({(left + width - right) / 2, height - 20, "resolution, Å", Label::centred});
  for (const double fsc : {-0.2, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0})
    out.push_back({left - 10, down(fsc), fmt::format("{:.1f}", fsc), Label::to_the_left});
  out.push_back({left + 8, down(threshold) - 10, "0.143", Label::to_the_right});
  if (plot.resolution_A > 0) {
    const double x = across(plot, extent / plot.resolution_A);
    const bool at_the_end = x > width - 120;
    out.push_back({at_the_end ? x - 6 : x + 6, down(threshold) + 14, fmt::format("{:.1f} Å", plot.resolution_A),
                   at_the_end ? Label::to_the_left : Label::to_the_right});
  }
  int line = 0;
  for (const Curve& curve : curves_of(plot))
    if (!curve.values->empty()) out.push_back({width - 240, top + 20 + 22.0 * line++, curve.name, Label::to_the_right});
  return out;
}

struct Stroke {
  std::vector<std::array<double, 2>> points;
  const char* colour;
  uint8_t grey;
  double thickness, dash, gap;
};
std::vector<Stroke> strokes_of(const FscPlot& plot) {
  const double extent = static_cast<double>(plot.box) * plot.voxel_size_A, nyquist = static_cast<double>(plot.box / 2);
  std::vector<Stroke> out;
  const auto rule = [&](double x0, double y0, double x1, double y1, uint8_t grey, double gap = 0) {
    out.push_back({{{x0, y0}, {x1, y1}}, grey < 100 ? "#222222" : "#bbbbbb", grey, 1, gap > 0 ? 4.0 : 1.0, gap});
  };
  for (const double fsc : {0.2, 0.4, 0.6, 0.8}) rule(left, down(fsc), width - right, down(fsc), 225);
  rule(left, down(0), width - right, down(0), 170);
  rule(left, down(threshold), width - right, down(threshold), 60, 4);
  for (int i = 1; i <= ticks; ++i) {
    const double x = across(plot, nyquist * i / ticks);
    rule(x, height - bottom, x, height - bottom + 6, 40);
  }
  rule(left, top, left, height - bottom, 40);
  rule(left, height - bottom, width - right, height - bottom, 40);
  if (plot.resolution_A > 0) {
    const double x = across(plot, extent / plot.resolution_A);
    rule(x, down(threshold), x, height - bottom, 60, 4);
  }
  int line = 0;
  for (const Curve& curve : curves_of(plot)) {
    if (curve.values->empty()) continue;
    Stroke stroke{{}, curve.colour, curve.grey, curve.thickness, curve.dash, curve.gap};
    for (size_t s = 0; s < curve.values->size(); ++s)
      stroke.points.push_back({across(plot, static_cast<double>(s)), down((*curve.values)[s])});
    out.push_back(stroke);
    const double y = top + 20 + 22.0 * line++;
    stroke.points = {{width - 290, y}, {width - 250, y}};
    out.push_back(stroke);
  }
  return out;
}

// Half the edge, each pixel the mean of four: soft edges.
GreyImage halved(const GreyImage& image) {
  GreyImage out(image.rows() / 2, image.columns() / 2);
  for (int64_t r = 0; r < out.rows(); ++r)
    for (int64_t c = 0; c < out.columns(); ++c)
      out(r, c) = static_cast<uint8_t>(
          (image(2 * r, 2 * c) + image(2 * r, 2 * c + 1) + image(2 * r + 1, 2 * c) + image(2 * r + 1, 2 * c + 1) + 2) /
          4);
  return out;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
  return out;
}

}  // namespace

GreyImage draw_fsc(const FscPlot& plot) {
  check(plot);
  GreyImage image(static_cast<int64_t>(2 * height), static_cast<int64_t>(2 * width), 255);
  for (const Stroke& stroke : strokes_of(plot)) {
    double gone = 0;  // along the whole stroke, so that dashes run on at its corners
    for (size_t i = 1; i < stroke.points.size(); ++i)
      gone = draw_line(image, 2 * stroke.points[i - 1][1], 2 * stroke.points[i - 1][0], 2 * stroke.points[i][1],
                       2 * stroke.points[i][0],
                       {2 * stroke.thickness, 2 * stroke.dash, 2 * stroke.gap, gone, stroke.grey});
  }
  for (const Label& label : labels_of(plot)) {
    const int scale = 4;
    const auto across_text = static_cast<double>(text_width(label.text, scale));
    const double column = 2 * label.x - (label.lies == Label::centred       ? across_text / 2
                                         : label.lies == Label::to_the_left ? across_text
                                                                            : 0);
    draw_text(image, static_cast<int64_t>(2 * label.y) - text_height(scale) / 2, static_cast<int64_t>(column),
              label.text, scale, 0);
  }
  return halved(image);
}

std::string fsc_svg(const FscPlot& plot) {
  check(plot);
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" font-size=\"14\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
      width, height);
  for (const Stroke& stroke : strokes_of(plot)) {
    out += fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"{:g}\"", stroke.colour, stroke.thickness);
    if (stroke.gap > 0) out += fmt::format(" stroke-dasharray=\"{:g} {:g}\"", stroke.dash, stroke.gap);
    out += " points=\"";
    for (const auto& [x, y] : stroke.points) out += fmt::format("{:.2f},{:.2f} ", x, y);
    out.back() = '"';
    out += "/>\n";
  }
  for (const Label& label : labels_of(plot)) {
    const char* anchor = label.lies == Label::centred ? "middle" : label.lies == Label::to_the_left ? "end" : "start";
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" dominant-baseline=\"central\">{}</text>\n",
                       label.x, label.y, anchor, escaped(label.text));
  }
  return out + "</svg>\n";
}

void write_fsc_plot(const std::filesystem::path& stem, const FscPlot& plot) {
  write_png(stem.string() + ".png", draw_fsc(plot));
  write_text_file(stem.string() + ".svg", fsc_svg(plot));
}

}  // namespace tessera
