// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/packing_start.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tessera/base/point_cells.h"
#include "tessera/base/random.h"

namespace tessera {
namespace {

double reach_A(const BallBody& body) {
  double reach = 0;
  for (const Ball& ball : body.balls) reach = std::max(reach, ball.centre_A.norm() + ball.radius_A);
  return reach;
}

// One attempt to set all bodies into one region.
class Scatter {
 public:
  Scatter(const std::vector<BallBody>& bodies, const std::vector<int32_t>& first_ball, Vec3 half_A, double gap_A,
          double cell_A)
      : bodies_(bodies),
        first_ball_(first_ball),
        half_A_(half_A),
        gap_A_(gap_A),
        balls_(first_ball.back()),
        turn_(bodies.size()),
        cells_(cell_A) {
    for (const BallBody& body : bodies)
      for (const Ball& ball : body.balls) largest_A_ = std::max(largest_A_, ball.radius_A);
  }

  bool place(int32_t body, Random& random, int attempts) {
    std::vector<Ball> moved(bodies_[body].balls.size());
    for (int attempt = 0; attempt < attempts; ++attempt) {
      const Rotation rotation = Rotation::random(random);
      const Mat3 turn = rotation.matrix();
      Vec3 low{1e300, 1e300, 1e300}, high{-1e300, -1e300, -1e300};
      for (size_t i = 0; i < moved.size(); ++i) {
        const Ball& ball = bodies_[body].balls[i];
        const Vec3 p = turn * ball.centre_A;
        const double r = ball.radius_A;
        moved[i] = {p, r};
        low = {std::min(low.x, p.x - r), std::min(low.y, p.y - r), std::min(low.z, p.z - r)};
        high = {std::max(high.x, p.x + r), std::max(high.y, p.y + r), std::max(high.z, p.z + r)};
      }
      // Every place where the whole body is inside is as likely.
      const Vec3 room = half_A_ * 2 - (high - low);
      if (room.x < 0 || room.y < 0 || room.z < 0) continue;
      const Vec3 shift =
          Vec3{random.uniform() * room.x, random.uniform() * room.y, random.uniform() * room.z} - half_A_ - low;
      for (Ball& ball : moved) ball.centre_A += shift;
      if (!free(moved)) continue;
      for (size_t i = 0; i < moved.size(); ++i) {
        const auto number = static_cast<int32_t>(first_ball_[body] + i);
        balls_[number] = moved[i];
        cells_.add(number, moved[i].centre_A);
      }
      turn_[body] = rotation;
      return true;
    }
    return false;
  }
  const std::vector<Ball>& balls() const { return balls_; }
  const std::vector<Rotation>& turn() const { return turn_; }

 private:
  bool free(const std::vector<Ball>& moved) const {
    return std::all_of(moved.begin(), moved.end(), [&](const Ball& ball) {
      return cells_.all_near(ball.centre_A, ball.radius_A + largest_A_ + gap_A_, [&](int32_t other) {
        return (balls_[other].centre_A - ball.centre_A).norm() >= ball.radius_A + balls_[other].radius_A + gap_A_;
      });
    });
  }
  const std::vector<BallBody>& bodies_;
  const std::vector<int32_t>& first_ball_;
  Vec3 half_A_;
  double gap_A_, largest_A_ = 0;
  std::vector<Ball> balls_;
  std::vector<Rotation> turn_;
  PointCells cells_;
};

void fill_system(PackingStart& start, const std::vector<Ball>& balls) {
  start.system.balls = balls;
  for (size_t b = 0; b < start.bodies.size(); ++b) {
    const BallBody& body = start.bodies[b];
    const int32_t first = start.first_ball[b];
    start.system.mass_Da.insert(start.system.mass_Da.end(), body.balls.size(), body.mass_Da);
    for (const BallBond& bond : body.bonds)
      start.system.bonds.push_back({bond.first + first, bond.second + first, bond.length_A});
    for (const BallAngle& a : body.angles)
      start.system.angles.push_back({a.first + first, a.vertex + first, a.last + first, a.angle_rad});
  }
}

}  // namespace

PackingStart scatter_bodies(std::vector<BallBody> bodies, std::array<double, 3> box_A, bool slab, double gap_A,
                            uint64_t seed) {
  PackingStart start;
  start.bodies = std::move(bodies);
  start.first_ball = {0};
  double cell_A = 10;
  for (const BallBody& body : start.bodies) {
    start.first_ball.push_back(start.first_ball.back() + static_cast<int32_t>(body.balls.size()));
    for (const Ball& ball : body.balls) cell_A = std::max(cell_A, 2 * ball.radius_A);
  }
  std::vector<int32_t> order(start.bodies.size());
  std::iota(order.begin(), order.end(), 0);
  std::vector<double> reach(start.bodies.size());
  for (size_t b = 0; b < reach.size(); ++b) reach[b] = reach_A(start.bodies[b]);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return reach[a] > reach[b]; });

  constexpr double growth = 1.1, limit = 30;
  constexpr int attempts = 60;
  for (double scale = 1; scale < limit; scale *= growth) {
    const double across = slab ? 1 : scale;
    const Vec3 half{box_A[0] / 2 * across, box_A[1] / 2 * across, box_A[2] / 2 * scale};
    Scatter scatter(start.bodies, start.first_ball, half, gap_A, cell_A);
    const bool all = std::all_of(order.begin(), order.end(), [&](int32_t body) {
      Random random(seed, "packing start", body);
      return scatter.place(body, random, attempts);
    });
    if (!all) continue;
    start.half_widths_A = half;
    start.turn = scatter.turn();
    fill_system(start, scatter.balls());
    return start;
  }
  throw NumericalError(fmt::format(
      "{} bodies find no place at random even in a region {:.0f} times as wide as the box; is one of them wider than "
      "the box? Take fewer or a larger box",
      start.bodies.size(), limit));
}

}  // namespace tessera
