// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/rotation.h"

#include <gtest/gtest.h>

#include "tessera/base/units.h"

namespace tessera {
namespace {

Mat3 about_z(double a) {
  return {{{std::cos(a), -std::sin(a), 0}, {std::sin(a), std::cos(a), 0}, {0, 0, 1}}};
}
Mat3 about_y(double a) {
  return {{{std::cos(a), 0, std::sin(a)}, {0, 1, 0}, {-std::sin(a), 0, std::cos(a)}}};
}
double difference(const Mat3& a, const Mat3& b) {
  double worst = 0;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) worst = std::max(worst, std::abs(a.m[i][j] - b.m[i][j]));
  return worst;
}

TEST(Rotation, EulerIsRzRyRz) {
  const EulerZyz e{0.3, 1.1, -2.0};
  EXPECT_LT(difference(Rotation::from_euler(e).matrix(), about_z(0.3) * about_y(1.1) * about_z(-2.0)), 1e-12);
}

TEST(Rotation, RelionAnglesAreTheInverseOfIntrinsicZyz) {
  const Mat3 expected = (about_z(20 * degree) * about_y(50 * degree) * about_z(-110 * degree)).transposed();
  EXPECT_LT(difference(Rotation::from_relion({20, 50, -110}).matrix(), expected), 1e-12);
}

TEST(Rotation, PaperAnglesAreRelionAnglesNegatedAndReversed) {  // (rot, tilt, psi) ≡ (180 − γ, β, 180 − α)
  const auto r = Rotation::from_euler({30 * degree, 70 * degree, -40 * degree}).relion();
  EXPECT_NEAR(r.rot_deg, -140, 1e-9);
  EXPECT_NEAR(r.tilt_deg, 70, 1e-9);
  EXPECT_NEAR(r.psi_deg, 150, 1e-9);
}

TEST(Rotation, RoundTripsThroughEveryRepresentation) {
  Random random(1, "rotation test");
  for (int i = 0; i < 1000; ++i) {
    const auto r = Rotation::random(random);
    EXPECT_LT(angle_between(r, Rotation::from_matrix(r.matrix())), 1e-7);
    EXPECT_LT(angle_between(r, Rotation::from_euler(r.euler())), 1e-7);
    EXPECT_LT(angle_between(r, Rotation::from_relion(r.relion())), 1e-7);
    EXPECT_LT(angle_between(r, Rotation::from_vector(r.vector())), 1e-7);
  }
}

TEST(Rotation, DegenerateAnglesSurvive) {
  for (const double beta : {0.0, pi}) {
    const auto r = Rotation::from_euler({0.7, beta, 0.4});
    EXPECT_LT(angle_between(r, Rotation::from_euler(r.euler())), 1e-7);
    EXPECT_LT(angle_between(r, Rotation::from_relion(r.relion())), 1e-7);
  }
}

TEST(Rotation, CompositionMatchesMatrices) {
  Random random(2, "rotation test");
  const auto a = Rotation::random(random), b = Rotation::random(random);
  EXPECT_LT(difference((a * b).matrix(), a.matrix() * b.matrix()), 1e-12);
  EXPECT_LT(angle_between(a * a.inverse(), Rotation()), 1e-12);
}

TEST(Rotation, RandomIsUniform) {  // under Haar measure P(angle < θ) = (θ − sin θ)/π, and the mean of z·Rz is 0
  Random random(3, "rotation test");
  const int count = 20000;
  int below = 0;
  double mean_z = 0;
  for (int i = 0; i < count; ++i) {
    const auto r = Rotation::random(random);
    below += angle_between(Rotation(), r) < pi / 2;
    mean_z += (r * Vec3{0, 0, 1}).z / count;
  }
  EXPECT_NEAR(static_cast<double>(below) / count, (pi / 2 - 1) / pi, 4 * 0.4 / std::sqrt(count));  // 4 standard errors
  EXPECT_NEAR(mean_z, 0, 4 * std::sqrt(1.0 / 3 / count));
}

}  // namespace
}  // namespace tessera
