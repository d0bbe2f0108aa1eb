// SPDX-License-Identifier: GPL-3.0-or-later
// Balls and their volumes.
#pragma once

#include <span>
#include <vector>

#include "tessera/base/vec3.h"

namespace tessera {

struct Ball {
  Vec3 centre_A;
  double radius_A = 0;
};

double volume_A3(const Ball& ball);

// The volume that the balls cover together. Lines parallel to z through a square grid of `lines` × `lines` points
// measure it exactly along themselves; the error falls as lines^−3/2 or faster (2e-4 at the default). Cost lines² ·
// balls. Oracle: Monte Carlo, and the closed form for two balls.
double union_volume_A3(std::span<const Ball> balls, int lines = 300);

// The smallest ball that holds all points, to 1e-9 of its radius; a ball of radius 0 for one point. InternalError for
// none. Grows the ball through the farthest point until none is outside; cost about 10 passes over the points.
Ball enclosing_ball(std::span<const Vec3> points);

}  // namespace tessera
