// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/optics/exposure.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/optics/astigmatic_ctf.h"
#include "tessera/optics/envelope.h"

namespace tessera {
namespace {

TEST(Exposure, PublishedValues) {
  // Grant & Grigorieff 2015: 0.24499 · 10^1.6649 + 2.8141 at 1/10 Å and 300 kV; 0.8 of it at 200 kV.
  EXPECT_NEAR(critical_exposure(0.1, 300), 14.139, 0.001);
  EXPECT_NEAR(critical_exposure(0.1, 200) / critical_exposure(0.1, 300), 0.8, 0.005);
  EXPECT_EQ(exposure_amplitude(0, 100, 300), 1);
  EXPECT_NEAR(exposure_amplitude(0.1, 14.139, 300), std::exp(-0.5), 1e-4);
}

TEST(Exposure, MeanOverAnImageIsTheMean) {
  double sum = 0;
  const int steps = 20000;
  for (int i = 0; i < steps; ++i) sum += exposure_amplitude(0.07, 20 + 5 * (i + 0.5) / steps, 300);
  EXPECT_NEAR(mean_exposure_amplitude(0.07, 20, 25, 300), sum / steps, 1e-9);
  EXPECT_NEAR(mean_exposure_amplitude(0.07, 20, 20, 300), exposure_amplitude(0.07, 20, 300), 1e-12);
}

TEST(Exposure, SchemesVisitEveryTiltInTheirOrder) {
  std::vector<double> tilts;
  for (int t = -9; t <= 9; t += 3) tilts.push_back(t * degree);  // −9 −6 −3 0 3 6 9
  EXPECT_EQ(acquisition_order(tilts, "unidirectional"), (std::vector<int>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(acquisition_order(tilts, "bidirectional"), (std::vector<int>{6, 5, 4, 0, 1, 2, 3}));
  // 0 +3 −3 −6 +6 +9 −9
  EXPECT_EQ(acquisition_order(tilts, "dose-symmetric"), (std::vector<int>{6, 3, 2, 0, 1, 4, 5}));
  // Lopsided: what one side lacks, the other goes on with.
  const std::vector<double> lopsided = {0, 0.1, 0.2, 0.3};
  EXPECT_EQ(acquisition_order(lopsided, "dose-symmetric"), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_THROW(acquisition_order(tilts, "random"), UserError);
}

TEST(Envelope, InteractionConstantOfTextbooks) {
  // Kirkland 2010, table: 6.526e-4 rad/(V·Å) at 300 kV, 7.288e-4 at 200 kV, 9.244e-4 at 100 kV.
  EXPECT_NEAR(interaction_constant(300), 6.526e-4, 2e-7);
  EXPECT_NEAR(interaction_constant(200), 7.288e-4, 2e-7);
  EXPECT_NEAR(interaction_constant(100), 9.244e-4, 2e-7);
}

TEST(Envelope, FactorsByHand) {
  EXPECT_EQ(envelope({}, 0), 1);
  EnvelopeParameters b;
  b.b_factor_A2 = 200;
  EXPECT_NEAR(envelope(b, 0.1), std::exp(-0.5), 1e-12);
  EnvelopeParameters chromatic;
  chromatic.energy_spread_eV = 3;  // Δ = 2.7e7 · 3/3e5 = 270 Å
  EXPECT_NEAR(envelope(chromatic, 0.1), std::exp(-0.5 * std::pow(pi * 0.0196875 * 270 * 0.01, 2)), 1e-4);
  EnvelopeParameters incoherent;
  incoherent.convergence_mrad = 0.1;
  const double slope = 2.7e7 * std::pow(0.0196875, 3) * 1e-3 - 3e4 * 0.0196875 * 0.1;
  EXPECT_NEAR(envelope(incoherent, 0.1), std::exp(-std::pow(pi * 1e-4 / 0.0196875 * slope, 2)), 1e-4);
  EXPECT_NEAR(drift_amplitude(0.1, 5), std::sin(pi / 2) / (pi / 2), 1e-12);
  EXPECT_EQ(drift_amplitude(0, 5), 1);
}

TEST(AstigmaticTransfer, WithoutAstigmatismItIsTheRoundOne) {
  const CtfParameters parameters{300, 2.7, 4, 0.1};
  const ContrastTransfer round(parameters);
  const AstigmaticTransfer transfer(parameters, {0, 1.1});
  for (const double k : {0.0, 0.01, 0.03, 0.08})
    for (const double turn : {0.0, 0.7, 2.9})
      EXPECT_NEAR(transfer(k * std::cos(turn), k * std::sin(turn)), round(k), 1e-9) << k << " " << turn;
}

TEST(AstigmaticTransfer, DefocusByDirectionAndHeight) {
  const CtfParameters parameters{300, 2.7, 4, 0.1};
  const AstigmaticTransfer transfer(parameters, {0.6, 30 * degree});
  const double k = 0.04;
  const auto at = [&](double defocus_um) { return ContrastTransfer({300, 2.7, defocus_um, 0.1})(k); };
  const auto along = [&](double angle) { return transfer(k * std::cos(angle), k * std::sin(angle)); };
  EXPECT_NEAR(along(30 * degree), at(4.3), 1e-9);
  EXPECT_NEAR(along(210 * degree), at(4.3), 1e-9);
  EXPECT_NEAR(along(120 * degree), at(3.7), 1e-9);
  EXPECT_NEAR(along(75 * degree), at(4.0), 1e-9);
  // 500 Å higher is 0.05 µm less underfocus.
  EXPECT_NEAR(transfer(k * std::cos(75 * degree), k * std::sin(75 * degree), 500), at(3.95), 1e-9);
  EXPECT_NEAR(transfer.angle(0.03, 0.01) - transfer.angle(0.03, 0.01, 700), 700 * transfer.angle_per_A(0.03, 0.01),
              1e-9);
}

TEST(AstigmaticTransfer, RefusesOverfocusAndAbsurdAstigmatism) {
  EXPECT_THROW(AstigmaticTransfer({300, 2.7, -4, 0.1}, {}), UserError);
  EXPECT_THROW(AstigmaticTransfer({300, 2.7, 4, 0.1}, {-1, 0}), UserError);
  EXPECT_THROW(AstigmaticTransfer({300, 2.7, 4, 0.1}, {9, 0}), UserError);
}

}  // namespace
}  // namespace tessera
