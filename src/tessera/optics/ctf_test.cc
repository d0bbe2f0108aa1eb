// SPDX-License-Identifier: GPL-3.0-or-later
// Contrast transfer against the physics in SI units, over the range of microscopes.
#include "tessera/optics/ctf.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

// CODATA 2018, SI.
constexpr double kPlanck = 6.62607015e-34, kMass = 9.1093837015e-31, kCharge = 1.602176634e-19, kLight = 299792458;

// λ = h c / √(E (E + 2 m c²)), E the kinetic energy: the relativistic momentum, in metres.
double wavelength_m(double voltage_V) {
  const double energy = kCharge * voltage_V;
  return kPlanck * kLight / std::sqrt(energy * (energy + 2 * kMass * kLight * kLight));
}

TEST(ElectronWavelength, IsThatOfTheRelativisticMomentum) {
  double last = 1;
  for (double voltage_kV = 20; voltage_kV <= 1250; voltage_kV *= 1.3) {
    const double wavelength = electron_wavelength_A(voltage_kV);
    EXPECT_NEAR(wavelength / (wavelength_m(voltage_kV * 1e3) * 1e10), 1, 1e-6) << voltage_kV;
    EXPECT_LT(wavelength, last);
    last = wavelength;
  }
}

// χ from its definition in metres, and CTF = sin(χ + asin A), the same as √(1−A²) sin χ + A cos χ.
TEST(ContrastTransfer, IsTheSineOfThePhaseShiftInSiUnits) {
  Random random(1, "microscopes");
  for (int i = 0; i < 200; ++i) {
    const CtfParameters p{random.uniform(80, 300), random.uniform(0, 5), random.uniform(-8, 8), random.uniform(0, 1)};
    const ContrastTransfer ctf(p);
    const double q = random.uniform(0, 0.2), lambda = wavelength_m(p.voltage_kV * 1e3), per_m = q * 1e10;
    const double chi = pi * lambda * p.defocus_um * 1e-6 * per_m * per_m -
                       pi / 2 * p.cs_mm * 1e-3 * std::pow(lambda, 3) * std::pow(per_m, 4);
    // λ agrees to 1e-7, and so does χ to 1e-7 of each of its terms, up to hundreds of radians.
    EXPECT_NEAR(ctf.phase(q), chi,
                1e-6 * (1 + std::abs(pi * lambda * p.defocus_um * 1e-6 * per_m * per_m) +
                        pi * p.cs_mm * 1e-3 * std::pow(lambda, 3) * std::pow(per_m, 4)));
    EXPECT_NEAR(ctf(q), std::sin(ctf.phase(q) + std::asin(p.amplitude_contrast)), 1e-12);
    EXPECT_LE(std::abs(ctf(q)), 1 + 1e-12);
    EXPECT_DOUBLE_EQ(ctf(-q), ctf(q));
  }
}

// Zeros lie where χ + asin A passes a multiple of π: as many sign changes as multiples.
TEST(ContrastTransfer, ChangesSignAsOftenAsThePhasePassesAMultipleOfPi) {
  const ContrastTransfer ctf({300, 2.7, 6, 0.1});
  int changes = 0;
  double highest = 0;
  for (int i = 1; i <= 100000; ++i) {
    const double q = 0.08 * i / 100000, before = 0.08 * (i - 1) / 100000;
    changes += (ctf(q) > 0) != (ctf(before) > 0);
    highest = std::max(highest, ctf.phase(q) + std::asin(0.1));
  }
  EXPECT_EQ(changes, static_cast<int>(std::floor(highest / pi)));  // χ still rises at 1/12.5 Å
}

TEST(ContrastTransfer, RefusesWhatIsNotANumber) {
  EXPECT_THROW(ContrastTransfer({NAN, 2.7, 6, 0.1}), UserError);
  EXPECT_THROW(ContrastTransfer({300, NAN, 6, 0.1}), UserError);
  EXPECT_THROW(ContrastTransfer({300, 2.7, INFINITY, 0.1}), UserError);
  EXPECT_THROW(ContrastTransfer({300, 2.7, 6, NAN}), UserError);
  EXPECT_NO_THROW(ContrastTransfer({300, 0, 0, 1}));
}

TEST(DetectorMtf, FallsFromOneAndIsSmoothAtZero) {
  double last = 1;
  for (int i = 0; i <= 1000; ++i) {
    const double w = i / 1000.0, value = detector_mtf(w);
    EXPECT_LE(value, last + 1e-15);
    EXPECT_NEAR(value, 1 - std::pow(pi * w / 2, 2) / 6, std::pow(pi * w / 2, 4) / 120 + 1e-14);  // alternating series
    last = value;
  }
  EXPECT_NEAR(detector_mtf(2), 0, 1e-15);
}

}  // namespace
}  // namespace tessera
