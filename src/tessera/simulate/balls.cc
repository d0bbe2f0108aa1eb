// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/balls.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

// The ball through all points (2 to 4) whose centre lies in their affine hull.
Ball circumscribed(std::span<const Vec3> points) {
  const auto n = static_cast<int>(points.size()) - 1;
  Eigen::MatrixXd edges(n, 3);
  Eigen::VectorXd half_squares(n);
  for (int i = 0; i < n; ++i) {
    const Vec3 d = points[i + 1] - points[0];
    edges.row(i) << d.x, d.y, d.z;
    half_squares[i] = d.dot(d) / 2;
  }
  // The solution of least norm lies in the span of the edges.
  const Eigen::Vector3d c = edges.completeOrthogonalDecomposition().solve(half_squares);
  const Vec3 offset{c.x(), c.y(), c.z()};
  return {points[0] + offset, offset.norm()};
}

bool holds(const Ball& ball, std::span<const Vec3> points) {
  const double limit = ball.radius_A * (1 + 1e-10) + 1e-12;
  return std::all_of(points.begin(), points.end(), [&](Vec3 p) { return (p - ball.centre_A).norm() <= limit; });
}

// The smallest ball of at most five points: the smallest of those through two to four of them that holds the rest.
// `support` is left with the points it passes through.
Ball smallest_of_few(std::vector<Vec3>& support) {
  Ball best{{}, std::numeric_limits<double>::infinity()};
  std::vector<Vec3> best_support;
  for (unsigned subset = 1; subset < 1u << support.size(); ++subset) {
    std::vector<Vec3> chosen;
    for (size_t i = 0; i < support.size(); ++i)
      if (subset >> i & 1) chosen.push_back(support[i]);
    if (chosen.size() < 2 || chosen.size() > 4) continue;
    const Ball ball = circumscribed(chosen);
    if (ball.radius_A < best.radius_A && holds(ball, support)) {
      best = ball;
      best_support = chosen;
    }
  }
  support = best_support;
  return best;
}

struct Interval {
  double low, high;
};

double covered_length(std::vector<Interval>& intervals) {
  std::sort(intervals.begin(), intervals.end(), [](const Interval& a, const Interval& b) { return a.low < b.low; });
  double length = 0, end = -std::numeric_limits<double>::infinity();
  for (const Interval& interval : intervals) {
    if (interval.high <= end) continue;
    length += interval.high - std::max(end, interval.low);
    end = interval.high;
  }
  return length;
}

}  // namespace

double volume_A3(const Ball& ball) {
  return 4.0 / 3 * pi * std::pow(ball.radius_A, 3);
}

double union_volume_A3(std::span<const Ball> balls, int lines) {
  if (balls.empty()) return 0;
  double x0 = std::numeric_limits<double>::infinity(), y0 = x0, x1 = -x0, y1 = -x0;
  for (const Ball& ball : balls) {
    x0 = std::min(x0, ball.centre_A.x - ball.radius_A);
    x1 = std::max(x1, ball.centre_A.x + ball.radius_A);
    y0 = std::min(y0, ball.centre_A.y - ball.radius_A);
    y1 = std::max(y1, ball.centre_A.y + ball.radius_A);
  }
  const double dx = (x1 - x0) / lines, dy = (y1 - y0) / lines;
  double sum = 0;
  std::vector<Interval> intervals;
  for (int row = 0; row < lines; ++row)
    for (int column = 0; column < lines; ++column) {
      const double x = x0 + (column + 0.5) * dx, y = y0 + (row + 0.5) * dy;
      intervals.clear();
      for (const Ball& ball : balls) {
        const double square =
            ball.radius_A * ball.radius_A - std::pow(x - ball.centre_A.x, 2) - std::pow(y - ball.centre_A.y, 2);
        if (square <= 0) continue;
        const double half = std::sqrt(square);
        intervals.push_back({ball.centre_A.z - half, ball.centre_A.z + half});
      }
      sum += covered_length(intervals);
    }
  return sum * dx * dy;
}

Ball enclosing_ball(std::span<const Vec3> points) {
  if (points.empty()) throw InternalError("no points to enclose");
  Ball ball{points[0], 0};
  std::vector<Vec3> support{points[0]};
  // The radius grows at every round, so no support comes twice.
  for (int round = 0; round < 1000; ++round) {
    const Vec3 farthest = *std::max_element(points.begin(), points.end(), [&](Vec3 a, Vec3 b) {
      return (a - ball.centre_A).norm() < (b - ball.centre_A).norm();
    });
    if ((farthest - ball.centre_A).norm() <= ball.radius_A * (1 + 1e-9) + 1e-9) return ball;
    support.push_back(farthest);
    ball = smallest_of_few(support);
  }
  throw InternalError("the enclosing ball did not settle");
}

}  // namespace tessera
