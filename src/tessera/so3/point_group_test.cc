// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/point_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

bool contains(const std::vector<Rotation>& group, const Rotation& element) {
  return std::any_of(group.begin(), group.end(), [&](const Rotation& g) { return angle_between(g, element) < 1e-4; });
}

TEST(PointGroup, HasItsOrderAndIsClosed) {
  for (const auto& [name, order] : {std::pair{"C1", 1u},
                                    {"C7", 7u},
                                    {"D2", 4u},
                                    {"D7", 14u},
                                    {"T", 12u},
                                    {"O", 24u},
                                    {"I", 60u},
                                    {"I1", 60u},
                                    {"I2", 60u},
                                    {"I3", 60u},
                                    {"I4", 60u}}) {
    const auto group = point_group(name);
    EXPECT_EQ(group.size(), order) << name;
    EXPECT_LT(angle_between(group[0], Rotation()), 1e-9);
    for (const Rotation& a : group) {
      const Rotation product = a * group.back();
      EXPECT_TRUE(contains(group, product)) << name;
    }
  }
  for (const char* bad : {"", "X", "C0", "D", "C100", "C7a", "I5", "T1", "O2"})
    EXPECT_THROW(point_group(bad), UserError) << bad;
}

// What relion_refine --print_symmetry_ops of RELION 3.1.3 says of T, O and I, one axis of each kind.
TEST(PointGroup, LiesInTheAxesOfRelion) {
  const auto t = point_group("T"), o = point_group("O"), i = point_group("I");
  EXPECT_TRUE(contains(t, Rotation::about_axis({0, 0, 1}, 2 * pi / 3)));
  EXPECT_TRUE(contains(t, Rotation::about_axis({0, 0.81650, 0.57735}, pi)));
  EXPECT_FALSE(contains(t, Rotation::about_axis({0, -0.81650, 0.57735}, pi)));
  EXPECT_TRUE(contains(o, Rotation::about_axis({1, 0, 0}, pi / 2)));
  const double golden = (1 + std::sqrt(5.0)) / 2;
  EXPECT_TRUE(contains(i, Rotation::about_axis({0, golden, 1}, 2 * pi / 5)));
  EXPECT_FALSE(contains(i, Rotation::about_axis({golden, 0, 1}, 2 * pi / 5)));
  EXPECT_TRUE(contains(point_group("I3"), Rotation::about_axis({0.72361, 0.52573, 0.44721}, 2 * pi / 5)));
  EXPECT_TRUE(contains(point_group("I4"), Rotation::about_axis({0.89443, 0, 0.44721}, 2 * pi / 5)));
}

}  // namespace
}  // namespace tessera
