// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/report/ball_view.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/report/drawing.h"
#include "tessera/report/orthoslices.h"

namespace tessera {
namespace {

constexpr int64_t margin = 12, gap = 10;
constexpr int text_scale = 2;
constexpr uint8_t paper = 255, ink = 20, frame_grey = 160;

// Rows are the right, up and towards-the-viewer directions of the camera.
Mat3 camera(const BallViewOptions& options) {
  const double a = options.turn_deg * degree, b = options.tilt_deg * degree;
  const Vec3 right{std::cos(a), std::sin(a), 0};
  const Vec3 towards{std::sin(a) * std::cos(b), -std::cos(a) * std::cos(b), std::sin(b)};
  const Vec3 up = towards.cross(right);
  return {{{right.x, right.y, right.z}, {up.x, up.y, up.z}, {towards.x, towards.y, towards.z}}};
}

struct Canvas {
  Canvas(int64_t rows, int64_t columns)
      : image{GreyImage(rows, columns, paper), GreyImage(rows, columns, paper), GreyImage(rows, columns, paper)} {}
  void set(int64_t row, int64_t column, const Colour& colour) {
    if (row < 0 || column < 0 || row >= image.red.rows() || column >= image.red.columns()) return;
    image.red(row, column) = colour[0];
    image.green(row, column) = colour[1];
    image.blue(row, column) = colour[2];
  }
  template <typename Draw>
  void on_planes(Draw&& draw) {
    for (GreyImage* plane : {&image.red, &image.green, &image.blue}) draw(*plane);
  }
  ColourImage image;
};

double field_of(const std::vector<BallViewPanel>& panels, const BallViewOptions& options) {
  if (options.field_A > 0) return options.field_A;
  double reach = std::hypot(options.box_A[0], options.box_A[1], options.box_A[2]) / 2;
  for (const BallViewPanel& panel : panels)
    for (const ViewBall& ball : panel.balls)
      reach = std::max(reach, (ball.centre_A - options.centre_A).norm() + ball.radius_A);
  if (!(reach > 0)) throw UserError("a view of no balls needs a field");
  return 2.05 * reach;
}

class Panel {
 public:
  Panel(Canvas& canvas, int64_t row, int64_t column, const BallViewOptions& options, double field_A)
      : canvas_(canvas),
        row_(row),
        column_(column),
        options_(options),
        view_(camera(options)),
        scale_(static_cast<double>(options.panel_pixels) / field_A),
        field_A_(field_A),
        depth_(options.panel_pixels * options.panel_pixels, -std::numeric_limits<float>::infinity()) {}

  void draw(const ViewBall& ball) {
    const Vec3 p = screen(ball.centre_A);
    const double r = ball.radius_A * scale_;
    for (auto y = static_cast<int64_t>(std::ceil(p.y - r)); static_cast<double>(y) <= p.y + r; ++y)
      for (auto x = static_cast<int64_t>(std::ceil(p.x - r)); static_cast<double>(x) <= p.x + r; ++x) {
        const double dx = (static_cast<double>(x) - p.x) / r, dy = (static_cast<double>(y) - p.y) / r;
        const double square = 1 - dx * dx - dy * dy;
        if (square <= 0) continue;
        const double nz = std::sqrt(square);
        if (!nearer(x, y, p.z + nz * r)) continue;
        // Light from the upper left front; rows run downwards.
        const double light = std::max(0.0, -0.45 * dx - 0.55 * dy + 0.7 * nz);
        const double depth = std::clamp(0.5 + (p.z + nz * r) / (scale_ * field_A_), 0.0, 1.0);
        const double shade = (0.30 + 0.70 * light) * (0.75 + 0.25 * depth) * (nz < 0.25 ? 0.45 : 1);
        paint(x, y, ball.colour, shade);
      }
  }

  // The twelve edges of the frame; what lies behind a ball is hidden.
  void draw_frame() {
    const auto& box = options_.box_A;
    if (!(box[0] > 0 && box[1] > 0 && box[2] > 0)) return;
    for (int axis = 0; axis < 3; ++axis)
      for (int corner = 0; corner < 4; ++corner) {
        std::array<double, 3> a{};
        a[(axis + 1) % 3] = (corner & 1 ? 0.5 : -0.5) * box[(axis + 1) % 3];
        a[(axis + 2) % 3] = (corner & 2 ? 0.5 : -0.5) * box[(axis + 2) % 3];
        std::array<double, 3> b = a;
        a[axis] = -box[axis] / 2;
        b[axis] = box[axis] / 2;
        line(options_.centre_A + Vec3{a[0], a[1], a[2]}, options_.centre_A + Vec3{b[0], b[1], b[2]});
      }
  }

 private:
  // Columns, rows and depth (towards the viewer) in pixels.
  Vec3 screen(Vec3 point_A) const {
    const Vec3 v = view_ * (point_A - options_.centre_A);
    const double half = static_cast<double>(options_.panel_pixels) / 2;
    return {half + v.x * scale_, half - v.y * scale_, v.z * scale_};
  }
  bool nearer(int64_t x, int64_t y, double z) {
    if (x < 0 || y < 0 || x >= options_.panel_pixels || y >= options_.panel_pixels) return false;
    float& depth = depth_[y * options_.panel_pixels + x];
    if (static_cast<float>(z) <= depth) return false;
    depth = static_cast<float>(z);
    return true;
  }
  void paint(int64_t x, int64_t y, const Colour& colour, double shade) {
    Colour out{};
    for (int c = 0; c < 3; ++c) out[c] = static_cast<uint8_t>(std::clamp(colour[c] * shade, 0.0, 255.0));
    canvas_.set(row_ + y, column_ + x, out);
  }
  void line(Vec3 from_A, Vec3 to_A) {
    const Vec3 a = screen(from_A), b = screen(to_A);
    const int steps = static_cast<int>(2 * (b - a).norm()) + 1;
    for (int i = 0; i <= steps; ++i) {
      const Vec3 p = a + (b - a) * (static_cast<double>(i) / steps);
      const auto x = static_cast<int64_t>(std::lround(p.x)), y = static_cast<int64_t>(std::lround(p.y));
      if (nearer(x, y, p.z)) paint(x, y, {frame_grey, frame_grey, frame_grey}, 1);
    }
  }

  Canvas& canvas_;
  int64_t row_, column_;
  const BallViewOptions& options_;
  Mat3 view_;
  double scale_, field_A_;
  std::vector<float> depth_;
};

}  // namespace

Colour palette_colour(int64_t index) {
  if (index < 0) return {170, 170, 170};
  const double hue = std::fmod(0.58 + 0.61803398875 * static_cast<double>(index), 1.0) * 6;
  const double value = 0.95 - 0.18 * static_cast<double>(index % 3), saturation = index % 2 ? 0.55 : 0.80;
  Colour out{};
  for (int c = 0; c < 3; ++c) {
    // Distance on the hue circle from red, green, blue.
    const double k = std::fmod((c == 0 ? 5 : c == 1 ? 3 : 1) + hue, 6.0);
    out[c] = static_cast<uint8_t>(255 * value * (1 - saturation * std::max(0.0, std::min({k, 4 - k, 1.0}))));
  }
  return out;
}

ColourImage ball_view(const std::vector<BallViewPanel>& panels, const BallViewOptions& options) {
  if (panels.empty()) throw UserError("a view needs at least one panel");
  if (options.panel_pixels < 16) throw UserError(fmt::format("{} pixels a panel: at least 16", options.panel_pixels));
  const double field = field_of(panels, options);
  const int64_t edge = options.panel_pixels, line = text_height(text_scale), top = margin + line + gap;
  const auto count = static_cast<int64_t>(panels.size());
  Canvas canvas(top + edge + gap + line + margin, 2 * margin + count * edge + (count - 1) * gap);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t column = margin + i * (edge + gap);
    Panel panel(canvas, top, column, options, field);
    for (const ViewBall& ball : panels[i].balls)
      if (ball.radius_A > 0) panel.draw(ball);
    panel.draw_frame();
    const std::string& title = panels[i].title;
    const int scale = text_width(title, text_scale) <= edge ? text_scale : 1;
    canvas.on_planes([&](GreyImage& plane) {
      draw_text(plane, margin + line - text_height(scale), column + (edge - text_width(title, scale)) / 2, title, scale,
                ink);
    });
  }
  const double bar_A = scale_bar_A(field);
  const auto bar = static_cast<int64_t>(std::lround(bar_A / field * static_cast<double>(edge)));
  const int64_t below = top + edge + gap;
  canvas.on_planes([&](GreyImage& plane) {
    fill_rectangle(plane, below + line / 2 - 2, margin, 4, bar, ink);
    draw_text(plane, below, margin + bar + gap, fmt::format("{:g} Å", bar_A), text_scale, ink);
  });
  return std::move(canvas.image);
}

}  // namespace tessera
