// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/rotation_grid.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/so3/point_group.h"

namespace tessera {
namespace {

struct Cover {
  double mean = 0, worst = 0;  // distance of random rotations to the nearest of the grid, in steps
};

// Rotations that differ by an element of the group count as one.
Cover cover_of(const std::vector<Rotation>& grid, const std::string& symmetry, double step, int trials) {
  Random random(1, "rotation grid", 0);
  const std::vector<Rotation> group = point_group(symmetry);
  Cover out;
  for (int i = 0; i < trials; ++i) {
    const Rotation wanted = Rotation::random(random);
    double nearest = 0;  // cosine of half the angle
    for (const Rotation& g : group) {
      const Rotation p = wanted * g;
      for (const Rotation& r : grid)
        nearest = std::max(nearest, std::abs(p.w() * r.w() + p.x() * r.x() + p.y() * r.y() + p.z() * r.z()));
    }
    const double angle = 2 * std::acos(std::min(1.0, nearest)) / step;
    out.mean += angle / trials;
    out.worst = std::max(out.worst, angle);
  }
  return out;
}

TEST(RotationGrid, CoversAllRotationsEvenly) {
  for (const double step : {12.85 * degree, 20 * degree, 35 * degree}) {
    const auto grid = rotation_grid(step);
    // Rows and turns are whole numbers: each may be half a one off, of π/step and of 2π/step.
    const double rounding = 0.5 * step / pi + 0.5 * step / (2 * pi);
    EXPECT_NEAR(static_cast<double>(grid.size()) * step * step * step / (8 * pi * pi), 1, rounding);
    const Cover cover = cover_of(grid, "C1", step, 500);
    EXPECT_NEAR(cover.mean, 0.48, 0.02);  // of a cubic lattice with cells of one step³: 0.48
    EXPECT_LT(cover.worst, 0.82);         // of that lattice: √3/2
  }
}

// The mean of D-functions over the grid must vanish as over SO(3): here of the matrix and of its products.
TEST(RotationGrid, HasNoPreferredRotation) {
  const auto grid = rotation_grid(15 * degree);
  double first[3][3] = {}, second[3][3] = {};
  for (const Rotation& r : grid) {
    const Mat3 m = r.matrix();
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) {
        first[i][j] += m.m[i][j] / static_cast<double>(grid.size());
        second[i][j] += m.m[i][j] * m.m[i][j] / static_cast<double>(grid.size());
      }
  }
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      EXPECT_NEAR(first[i][j], 0, 1e-3) << i << j;
      EXPECT_NEAR(second[i][j], 1.0 / 3, 0.01) << i << j;  // the rows near the poles hold few α
    }
}

TEST(RotationGrid, SymmetryLeavesItsShareAndCoversTheRest) {
  const double step = 12.85 * degree;
  const auto whole = static_cast<double>(rotation_grid(step).size());
  for (const std::string group : {"C2", "C7", "D7", "D2", "T", "O", "I"}) {
    const auto grid = rotation_grid(step, group);
    const double share = static_cast<double>(grid.size() * point_group(group).size()) / whole;
    EXPECT_GT(share, 0.9) << group;
    EXPECT_LT(share, group == "I" ? 1.3 : 1.2) << group;
    EXPECT_LT(cover_of(grid, group, step, 200).worst, 0.95) << group;
  }
}

TEST(RotationGrid, RefusesWhatIsNoGrid) {
  EXPECT_THROW(rotation_grid(0), InternalError);
  EXPECT_THROW(rotation_grid(0.2, "Q3"), UserError);
}

}  // namespace
}  // namespace tessera
