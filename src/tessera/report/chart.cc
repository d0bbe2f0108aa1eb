// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"
#include "tessera/report/drawing.h"

namespace tessera {
namespace {

constexpr double width = 800, height = 560, left = 80, top = 50, bottom = 70;
constexpr size_t most_names = 24;

struct Axis {
  double low = 0, high = 1, step = 0.2;
  int decimals = 1;
};

// Steps of 1, 2 or 5 times a power of ten, five or so over the range.
Axis axis_over(double low, double high) {
  if (high <= low) {
    low -= 0.5;
    high += 0.5;
  }
  const double rough = (high - low) / 5, power = std::pow(10, std::floor(std::log10(rough)));
  const double lead = rough / power;
  Axis axis;
  axis.step = power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
  axis.low = std::floor(low / axis.step + 1e-9) * axis.step;
  axis.high = std::ceil(high / axis.step - 1e-9) * axis.step;
  axis.decimals = std::max(0, static_cast<int>(-std::floor(std::log10(axis.step) + 1e-9)));
  return axis;
}

struct Layout {
  Axis x, y;
  double right = 20;
  size_t names = 0;
  double across(double value) const { return left + (width - left - right) * (value - x.low) / (x.high - x.low); }
  double down(double value) const {
    return height - bottom - (height - top - bottom) * (value - y.low) / (y.high - y.low);
  }
};

Layout layout_of(const Chart& chart) {
  std::vector<double> x, y;
  Layout out;
  for (const ChartSeries& series : chart.series) {
    if (series.x.size() != series.y.size())
      throw UserError(fmt::format("chart: {} x for {} y", series.x.size(), series.y.size()));
    x.insert(x.end(), series.x.begin(), series.x.end());
    y.insert(y.end(), series.y.begin(), series.y.end());
    out.names += !series.name.empty() && out.names < most_names;
  }
  if (x.empty()) throw UserError("chart: there is nothing to draw");
  for (const auto* values : {&x, &y})
    for (const double value : *values)
      if (!std::isfinite(value)) throw UserError("chart: a value is not finite");
  if (chart.y_from_zero) y.push_back(0);
  out.x = axis_over(*std::min_element(x.begin(), x.end()), *std::max_element(x.begin(), x.end()));
  out.y = axis_over(*std::min_element(y.begin(), y.end()), *std::max_element(y.begin(), y.end()));
  size_t longest = 0;
  for (const ChartSeries& series : chart.series) longest = std::max(longest, series.name.size());
  if (out.names > 0) out.right = std::min(300.0, 60 + 9.5 * static_cast<double>(longest));
  return out;
}

std::string hex(Colour colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2]);
}

// What a chart is made of, in pixels, for either kind of file.
class Painter {
 public:
  virtual ~Painter() = default;
  virtual void line(double x0, double y0, double x1, double y1, double thickness, bool dashed, Colour colour) = 0;
  virtual void dot(double x, double y, double radius, Colour colour) = 0;
  // anchor: −1 ends, 0 centres, 1 begins at x.
  virtual void text(double x, double y, const std::string& words, int anchor) = 0;
};

class PngPainter : public Painter {
 public:
  PngPainter() {
    for (GreyImage* plane : planes())
      *plane = GreyImage(static_cast<int64_t>(2 * height), static_cast<int64_t>(2 * width), 255);
  }
  void line(double x0, double y0, double x1, double y1, double thickness, bool dashed, Colour colour) override {
    for (int k = 0; k < 3; ++k)
      draw_line(*planes()[k], 2 * y0, 2 * x0, 2 * y1, 2 * x1,
                {2 * thickness, dashed ? 12.0 : 1.0, dashed ? 8.0 : 0.0, 0, colour[k]});
  }
  void dot(double x, double y, double radius, Colour colour) override {
    for (int k = 0; k < 3; ++k) draw_line(*planes()[k], 2 * y, 2 * x, 2 * y, 2 * x, {4 * radius, 1, 0, 0, colour[k]});
  }
  void text(double x, double y, const std::string& words, int anchor) override {
    constexpr int scale = 3;
    const auto wide = static_cast<double>(text_width(words, scale));
    const double column = 2 * x - (anchor < 0 ? wide : anchor == 0 ? wide / 2 : 0);
    for (GreyImage* plane : planes())
      draw_text(*plane, static_cast<int64_t>(2 * y) - text_height(scale) / 2, static_cast<int64_t>(column), words,
                scale, 0);
  }
  // Half the edge, each pixel the mean of four.
  ColourImage take() const {
    ColourImage out;
    const GreyImage* from[] = {&image_.red, &image_.green, &image_.blue};
    GreyImage* to[] = {&out.red, &out.green, &out.blue};
    for (int k = 0; k < 3; ++k) {
      *to[k] = GreyImage(from[k]->rows() / 2, from[k]->columns() / 2);
      for (int64_t r = 0; r < to[k]->rows(); ++r)
        for (int64_t c = 0; c < to[k]->columns(); ++c) {
          const GreyImage& of = *from[k];
          const int sum = of(2 * r, 2 * c) + of(2 * r, 2 * c + 1) + of(2 * r + 1, 2 * c) + of(2 * r + 1, 2 * c + 1);
          (*to[k])(r, c) = static_cast<uint8_t>((sum + 2) / 4);
        }
    }
    return out;
  }

 private:
  std::array<GreyImage*, 3> planes() { return {&image_.red, &image_.green, &image_.blue}; }
  ColourImage image_;
};

class SvgPainter : public Painter {
 public:
  SvgPainter() {
    out_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
        "font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
        width, height);
  }
  void line(double x0, double y0, double x1, double y1, double thickness, bool dashed, Colour colour) override {
    out_ += fmt::format(
        "<line x1=\"{:.2f}\" y1=\"{:.2f}\" x2=\"{:.2f}\" y2=\"{:.2f}\" stroke=\"{}\" stroke-width=\"{:g}\"{}/>\n", x0,
        y0, x1, y1, hex(colour), thickness, dashed ? " stroke-dasharray=\"6 4\"" : "");
  }
  void dot(double x, double y, double radius, Colour colour) override {
    out_ += fmt::format("<circle cx=\"{:.2f}\" cy=\"{:.2f}\" r=\"{:g}\" fill=\"{}\"/>\n", x, y, radius, hex(colour));
  }
  void text(double x, double y, const std::string& words, int anchor) override {
    std::string escaped;
    for (const char c : words) escaped += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
    out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" dominant-baseline=\"central\">{}</text>\n",
                        x, y,
                        anchor < 0    ? "end"
                        : anchor == 0 ? "middle"
                                      : "start",
                        escaped);
  }
  std::string take() const { return out_ + "</svg>\n"; }

 private:
  std::string out_;
};

void paint_frame(const Chart& chart, const Layout& at, Painter& painter) {
  constexpr Colour dark{40, 40, 40}, faint{225, 225, 225};
  const double x0 = left, x1 = width - at.right, y0 = top, y1 = height - bottom;
  painter.text(width / 2, top / 2, chart.title, 0);
  painter.text((x0 + x1) / 2, height - 20, chart.x_label, 0);
  painter.text(x0, top - 12, chart.y_label, 1);
  const auto ticks = [](const Axis& axis, auto&& each) {
    const auto count = std::lround((axis.high - axis.low) / axis.step);
    for (long i = 0; i <= count; ++i) {
      const double value = axis.low + static_cast<double>(i) * axis.step;
      each(value, fmt::format("{:.{}f}", std::abs(value) < 1e-9 * axis.step ? 0.0 : value, axis.decimals));
    }
  };
  if (chart.axes) {
    ticks(at.y, [&](double value, const std::string& words) {
      painter.line(x0, at.down(value), x1, at.down(value), 1, false, faint);
      painter.text(x0 - 8, at.down(value), words, -1);
    });
    ticks(at.x, [&](double value, const std::string& words) {
      painter.line(at.across(value), y1, at.across(value), y1 + 6, 1, false, dark);
      painter.text(at.across(value), y1 + 20, words, 0);
    });
  } else {
    painter.line(x0, y0, x1, y0, 1, false, dark);
    painter.line(x1, y0, x1, y1, 1, false, dark);
  }
  painter.line(x0, y0, x0, y1, 1, false, dark);
  painter.line(x0, y1, x1, y1, 1, false, dark);
}

void paint(const Chart& chart, Painter& painter) {
  const Layout at = layout_of(chart);
  paint_frame(chart, at, painter);
  size_t named = 0;
  for (const ChartSeries& series : chart.series) {
    for (size_t i = 0; i < series.x.size(); ++i) {
      const double x = at.across(series.x[i]), y = at.down(series.y[i]);
      if (series.points || series.x.size() == 1)
        painter.dot(x, y, series.points ? 2.2 : 3, series.colour);
      else if (i > 0)
        painter.line(at.across(series.x[i - 1]), at.down(series.y[i - 1]), x, y, 2, series.dashed, series.colour);
    }
    if (series.name.empty() || named == most_names) continue;
    const double y = top + 10 + 19.0 * static_cast<double>(named++), x = width - at.right + 12;
    if (series.points)
      painter.dot(x + 12, y, 4, series.colour);
    else
      painter.line(x, y, x + 24, y, 2, series.dashed, series.colour);
    painter.text(x + 32, y, series.name, 1);
  }
}

}  // namespace

ColourImage draw_chart(const Chart& chart) {
  PngPainter painter;
  paint(chart, painter);
  return painter.take();
}

std::string chart_svg(const Chart& chart) {
  SvgPainter painter;
  paint(chart, painter);
  return painter.take();
}

void write_chart(const std::filesystem::path& stem, const Chart& chart) {
  write_png(stem.string() + ".png", draw_chart(chart));
  write_text_file(stem.string() + ".svg", chart_svg(chart));
}

}  // namespace tessera
