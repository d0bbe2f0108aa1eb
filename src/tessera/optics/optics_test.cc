// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/optics/ctf.h"
#include "tessera/optics/tilt_geometry.h"
#include "tessera/optics/wedge.h"

namespace tessera {
namespace {

// Published values (Reimer & Kohl 2008, table 2.1 to the digits given there and in common use).
TEST(ElectronWavelength, MatchesTables) {
  EXPECT_NEAR(electron_wavelength_A(100), 0.037014, 2e-6);
  EXPECT_NEAR(electron_wavelength_A(200), 0.025079, 2e-6);
  EXPECT_NEAR(electron_wavelength_A(300), 0.019687, 2e-6);
}

TEST(ContrastTransfer, StartsAtAmplitudeContrastAndIsPositiveToTheFirstZero) {
  const ContrastTransfer ctf({300, 2.7, 6, 0.1});
  EXPECT_DOUBLE_EQ(ctf(0), 0.1);
  // Zero where tan χ = −A/√(1−A²), first at χ = π − asin A. Without the (here tiny) Cs term k² = χ/(π λ Δf).
  const double chi = pi - std::asin(0.1), wavelength = electron_wavelength_A(300);
  const double a = -0.5 * pi * 2.7e7 * std::pow(wavelength, 3), b = pi * wavelength * 6e4;
  const double square = (-b + std::sqrt(b * b + 4 * a * chi)) / (2 * a);  // a k⁴ + b k² = χ, the smaller root
  const double zero = std::sqrt(square);
  EXPECT_NEAR(1 / zero, 35.0, 0.4);  // about 35 Å at 6 µm
  EXPECT_NEAR(ctf(zero), 0, 1e-9);
  for (int i = 0; i < 100; ++i) EXPECT_GT(ctf(zero * i / 100.0), 0);
  EXPECT_LT(ctf(zero * 1.05), 0);
}

TEST(ContrastTransfer, OverfocusIsDarkAndPurePhaseContrastIsOddInDefocus) {
  const ContrastTransfer under({300, 0, 6, 0}), over({300, 0, -6, 0});
  for (const double k : {0.01, 0.02, 0.035}) EXPECT_NEAR(under(k), -over(k), 1e-12);
  EXPECT_GT(under(0.01), 0);
}

TEST(ContrastTransfer, NamesEveryFault) {
  try {
    ContrastTransfer({-1, -1, 6, 2});
    FAIL() << "accepted";
  } catch (const UserError& error) {
    for (const char* part : {"voltage", "aberration", "amplitude"})
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << part;
  }
}

TEST(DetectorMtf, IsSincOfHalfNyquistFraction) {
  EXPECT_DOUBLE_EQ(detector_mtf(0), 1);
  EXPECT_NEAR(detector_mtf(0.5), std::sin(pi / 4) / (pi / 4), 1e-15);
  EXPECT_NEAR(detector_mtf(1), 2 / pi, 1e-15);
}

TEST(TiltAngles, CountAndEnds) {
  const auto even = tilt_angles({-60, 60, 3});
  ASSERT_EQ(even.size(), 41u);
  EXPECT_DOUBLE_EQ(even.front(), -60 * degree);
  EXPECT_DOUBLE_EQ(even.back(), 60 * degree);
  EXPECT_NEAR(even[20], 0, 1e-15);
  EXPECT_EQ(tilt_angles({-50, 70, 3}).size(), 41u);
  EXPECT_EQ(tilt_angles({-40, 41, 2}).size(), 41u);  // 41° itself is not reached
  EXPECT_EQ(tilt_angles({-1, 1, 0.1}).size(), 21u);
  EXPECT_EQ(tilt_angles({5, 5, 1}).size(), 1u);
}

TEST(TiltAngles, RefusesNonsense) {
  EXPECT_THROW(tilt_angles({-100, 60, 3}), UserError);
  EXPECT_THROW(tilt_angles({60, -60, 3}), UserError);
  EXPECT_THROW(tilt_angles({-60, 60, 0}), UserError);
  EXPECT_THROW(tilt_angles({-60, 60, NAN}), UserError);
}

// k·x = (u, v)·x_image for every point: the projection-slice theorem in the stated geometry.
TEST(TiltGeometry, FrequenciesAndPointsAgree) {
  const Vec3 point{3, -2, 5};
  for (const double tilt : {-1.0, -0.3, 0.0, 0.7, 1.2}) {
    const Vec3 image = image_from_specimen(point, tilt);
    EXPECT_NEAR(specimen_frequency(0.4, -0.7, tilt).dot(point), 0.4 * image.x - 0.7 * image.y, 1e-12);
    EXPECT_NEAR(image.norm(), point.norm(), 1e-12);
  }
}

TEST(Wedge, AsymmetricRangeLeansTheRightWay) {
  const WedgeRange range{-50 * degree, 70 * degree};
  const auto mask = wedge_mask(64, range);
  const auto at = [&](double angle_deg) {
    const double r = 25;
    return mask(32 + std::lround(r * std::sin(angle_deg * degree)), 40,
                32 + std::lround(r * std::cos(angle_deg * degree)));
  };
  for (const double seen : {0.0, 30.0, 65.0, -45.0, 180.0, 135.0}) EXPECT_EQ(at(seen), 1) << seen;
  for (const double missing : {75.0, 90.0, -56.0, -80.0, 100.0, 120.0}) EXPECT_EQ(at(missing), 0) << missing;
}

TEST(Wedge, ObservedFractionIsTheAngleFraction) {
  // A sphere cut by planes through its axis: the fraction is (max − min)/180. Tolerance: the rim's voxels, about 1/n.
  for (const auto& [low, high] : {std::pair{-60.0, 60.0}, {-40.0, 40.0}, {-50.0, 70.0}, {-90.0, 90.0}}) {
    const auto mask = wedge_mask(64, {low * degree, high * degree}), full = wedge_mask(64, {-pi / 2, pi / 2});
    double observed = 0, all = 0;
    for (int64_t i = 0; i < mask.size(); ++i) observed += mask[i], all += full[i];
    EXPECT_NEAR(observed / all, (high - low) / 180, 0.02);
  }
}

TEST(Wedge, MarginWidensByComponents) {
  const WedgeRange range{-60 * degree, 60 * degree};
  const double x = 20 * std::cos(65 * degree), z = 20 * std::sin(65 * degree);  // 20 sin 5° = 1.74 off the edge
  EXPECT_FALSE(wedge_observes(range, x, z, 1.7));
  EXPECT_TRUE(wedge_observes(range, x, z, 1.8));
  EXPECT_TRUE(wedge_observes(range, -x, -z, 1.8));
}

}  // namespace
}  // namespace tessera
