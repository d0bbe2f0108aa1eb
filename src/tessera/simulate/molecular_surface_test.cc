// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/molecular_surface.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/random.h"
#include "tessera/base/units.h"
#include "tessera/so3/rotation.h"
#include "tests/support/solid_model.h"

namespace tessera {
namespace {

// The density at a point, as a sum over atoms: no grid, no interpolation.
double direct_density(const AtomicModel& model, Vec3 centre, Vec3 offset, double resolution_A) {
  const double variance = resolution_A * resolution_A / 12;
  double sum = 0;
  for (const Atom& atom : model.atoms) {
    const Vec3 d = atom.position_A - centre - offset;
    sum += atom.mass * std::exp(-d.dot(d) / (2 * variance));
  }
  return sum / std::pow(2 * pi * variance, 1.5);
}

Vec3 centre_of_mass(const AtomicModel& model) {
  Vec3 sum;
  double mass = 0;
  for (const Atom& atom : model.atoms) {
    sum += atom.position_A * atom.mass;
    mass += atom.mass;
  }
  return sum * (1 / mass);
}

TEST(MolecularSurface, AgreesWithTheSumOverAtoms) {
  const AtomicModel model = bracket_model(30);
  const Vec3 centre = centre_of_mass(model);
  Random random(3, "surface points");
  for (const double resolution : {12.0, 20.0}) {
    const MolecularSurface surface(model, {.resolution_A = resolution});
    int inside = 0, unsure = 0;
    constexpr int points = 4000;
    for (int i = 0; i < points; ++i) {
      const Vec3 p{random.uniform(-45, 60), random.uniform(-45, 60), random.uniform(-45, 60)};
      const double ratio = direct_density(model, centre, p, resolution) / surface.level();
      // Trilinear interpolation over R/8 of a Gaussian of σ = R/(2√3): up to 3 × (1/8)(R/8)²/σ² = 7 % of the peak's
      // curvature, and 2 % at the flank, where the surface lies.
      if (std::abs(ratio - 1) < 0.03) {
        ++unsure;
        continue;
      }
      EXPECT_EQ(surface.contains(p), ratio > 1) << p.x << " " << p.y << " " << p.z << " ratio " << ratio;
      inside += ratio > 1;
    }
    EXPECT_GT(inside, points / 80);
    EXPECT_LT(unsure, points / 20);
  }
}

TEST(MolecularSurface, EnclosesTheVolumeOfItsMass) {
  const AtomicModel model = ball_model(35);
  for (const double per_dalton : {1.0, 1.21, 1.5}) {
    const MolecularSurface surface(model, {.resolution_A = 16, .volume_per_dalton_A3 = per_dalton});
    const double expected = molecular_mass_Da(model) * per_dalton;
    // Counted on samples of 2 Å, whose number at the surface of a ball this size is a percent of all.
    EXPECT_NEAR(surface.volume_A3() / expected, 1, 0.01);
    // By random points, independent of the counting; 3 standard deviations of a share of about a quarter.
    Random random(4, "volume points");
    int inside = 0;
    constexpr int points = 40000;
    const double edge = 2 * surface.radius_A();
    for (int i = 0; i < points; ++i)
      inside += surface.contains({random.uniform(-edge / 2, edge / 2), random.uniform(-edge / 2, edge / 2),
                                  random.uniform(-edge / 2, edge / 2)});
    EXPECT_NEAR(inside * std::pow(edge, 3) / points / expected, 1, 0.03);
  }
}

TEST(MolecularSurface, HasNoPointFartherThanItsRadius) {
  const MolecularSurface surface(bracket_model(25), {});
  Random random(5, "far points");
  for (int i = 0; i < 2000; ++i) {
    const Vec3 direction = Rotation::random(random) * Vec3{1, 0, 0};
    EXPECT_FALSE(surface.contains(direction * (surface.radius_A() + random.uniform(1e-6, 20))));
  }
  EXPECT_LT(surface.gyration_A(), surface.radius_A());
}

TEST(MolecularSurface, CountsHydrogensOnce) {
  AtomicModel model = ball_model(15);
  const auto heavy = static_cast<double>(model.atoms.size());
  EXPECT_NEAR(molecular_mass_Da(model), heavy * (12.011 + 1.24 * 1.008), 1e-6 * heavy);
  const AtomicModel bare = model;
  for (const Atom& atom : bare.atoms)
    model.atoms.push_back({.position_A = atom.position_A, .atomic_number = 1, .mass = 1.008f});
  EXPECT_NEAR(molecular_mass_Da(model), heavy * (12.011 + 1.008), 1e-4 * heavy);
}

TEST(MolecularSurface, RefusesWhatHasNoSurface) {
  EXPECT_THROW(MolecularSurface(AtomicModel{}, {}), UserError);
  EXPECT_THROW(MolecularSurface(ball_model(15), {.resolution_A = 0}), UserError);
  EXPECT_THROW(MolecularSurface(ball_model(15), {.volume_per_dalton_A3 = -1}), UserError);
}

}  // namespace
}  // namespace tessera
