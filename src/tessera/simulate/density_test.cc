// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/density.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/units.h"
#include "tessera/simulate/electron_scattering.h"
#include "tessera/so3/rotation.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

double sum(const Volume<float>& volume) {
  double out = 0;
  for (const float v : volume) out += v;
  return out;
}

AtomicModel scattered_atoms(int count, double radius_A) {
  AtomicModel model;
  model.name = "cloud";
  Random random(5, "density test");
  const int numbers[] = {6, 7, 8, 16};
  const float masses[] = {12.011f, 14.007f, 15.999f, 32.06f};
  while (static_cast<int>(model.atoms.size()) < count) {
    const Vec3 p{random.uniform(-radius_A, radius_A), random.uniform(-radius_A, radius_A),
                 random.uniform(-radius_A, radius_A)};
    const auto kind = random.below(4);
    if (p.norm() < radius_A) model.atoms.push_back({p, numbers[kind], masses[kind], 1, 0});
  }
  return model;
}

// Mott and Bethe: f_e(s) = 0.023934 (Z − f_x(s))/s², with f_x, the X-ray factor, positive, below Z and falling. A
// mistyped coefficient of any of the 98 elements breaks one of these.
TEST(ElectronScattering, ObeysMottBethe) {
  for (int z = 1; z <= 98; ++z) {
    double last = z;
    for (const double s : {0.3, 0.6, 1.0, 1.5}) {
      const double x_ray = z - scattering_factor(z)(s) * s * s / 0.023934;
      EXPECT_GT(x_ray, -0.03 * z) << z << " at " << s;  // the fit's own error
      EXPECT_LT(x_ray, last + 0.02 * z) << z << " at " << s;
      last = x_ray;
    }
  }
}

// f_e(0) as tabulated directly (International Tables C, table 4.3.1.1), Å.
TEST(ElectronScattering, ForwardValues) {
  EXPECT_NEAR(scattering_factor(1)(0), 0.529, 0.002);
  EXPECT_NEAR(scattering_factor(6)(0), 2.509, 0.005);
  EXPECT_NEAR(scattering_factor(7)(0), 2.211, 0.005);
  EXPECT_NEAR(scattering_factor(8)(0), 1.983, 0.005);
  EXPECT_NEAR(scattering_factor(16)(0), 5.161, 0.02);
}

// Two hydrogens and an oxygen per 18.015 Da of ice at 0.93 g/cm³ make the mean inner potential that is subtracted.
TEST(ElectronScattering, IceHasItsMeanInnerPotential) {
  const double volume_A3 = 18.015 * 1.66054 / 0.93;
  EXPECT_NEAR(potential_scale * (2 * scattering_factor(1)(0) + scattering_factor(8)(0)) / volume_A3, 4.53, 0.05);
}

TEST(SitusDensity, ConservesMassWithAndWithoutKernel) {
  const AtomicModel model = scattered_atoms(500, 40);
  for (const double resolution : {6.0, 25.0}) {
    const DensityResult result = density_of(model, {48, 4, resolution, "situs", false});
    EXPECT_EQ(result.kernel_skipped, resolution < 10);
    EXPECT_NEAR(sum(result.map.voxels) * 64, result.mass_Da, 1e-4 * result.mass_Da);
    EXPECT_EQ(result.atoms, 500);
  }
}

TEST(SitusDensity, KernelStartsWhereItsHalfHeightReachesOneVoxel) {
  // (R/2)√(ln 2/1.5) = 6 Å at R = 17.65 Å.
  const AtomicModel model = scattered_atoms(50, 20);
  EXPECT_TRUE(density_of(model, {24, 6, 17.6, "situs", false}).kernel_skipped);
  EXPECT_FALSE(density_of(model, {24, 6, 17.7, "situs", false}).kernel_skipped);
}

// The spread of splat and kernel together is the stated R²/12 per axis.
TEST(SitusDensity, SpreadIsTheTargetResolution) {
  AtomicModel model;
  model.atoms = {{{0.3, 0, 0}, 6, 12, 1, 0}, {{-1.1, 0.7, 0.4}, 6, 12, 1, 0}, {{0.8, -0.7, -0.4}, 6, 12, 1, 0}};
  const auto voxels = density_of(model, {40, 2, 16, "situs", false}).map.voxels;
  double square = 0, atoms = (0.3 * 0.3 + 1.1 * 1.1 + 0.8 * 0.8) / 3;
  for (int64_t z = 0, i = 0; z < 40; ++z)
    for (int64_t y = 0; y < 40; ++y)
      for (int64_t x = 0; x < 40; ++x, ++i) square += voxels[i] * std::pow(2.0 * static_cast<double>(x - 20), 2);
  EXPECT_NEAR(square / sum(voxels), 16 * 16 / 12.0 + atoms, 0.3);  // three atoms only sample the splat's mean
}

TEST(SitusDensity, DropsHydrogens) {
  AtomicModel model = scattered_atoms(20, 10), with = model;
  with.atoms.push_back({{1, 2, 3}, 1, 1.008f, 1, 0});
  const auto a = density_of(model, {16, 4, 8, "situs", false}), b = density_of(with, {16, 4, 8, "situs", false});
  EXPECT_EQ(correlation(a.map.voxels, b.map.voxels), 1);
  EXPECT_EQ(b.atoms, 20);
}

// One carbon with its implied hydrogens against midpoint integration over each voxel.
TEST(PotentialDensity, MatchesNumericalIntegration) {
  AtomicModel model;
  model.atoms = {{{5, 6, 7}, 6, 12.011f, 0.8f, 20}};
  const double resolution = 5, voxel = 2;
  const auto voxels = density_of(model, {12, voxel, resolution, "potential", false}).map.voxels;
  const auto value = [&](double r2) {
    double v = 0;
    const auto gaussian = [&](double integral, double variance) {
      variance += resolution * resolution / 12 + 20 / (8 * pi * pi);
      v += integral * std::exp(-0.5 * r2 / variance) / std::pow(2 * pi * variance, 1.5);
    };
    const auto atom = [&](int number, double count) {
      const auto& f = scattering_factor(number);
      for (int i = 0; i < 5; ++i) gaussian(count * potential_scale * f.a[i], f.b_A2[i] / (8 * pi * pi));
      const double volume = displaced_volume_A3(number);
      gaussian(-4.53 * count * volume, std::pow(volume, 2.0 / 3) / (2 * pi));
    };
    atom(6, 1);
    atom(1, 1.24);
    return 0.8 * v;
  };
  for (const Vec3 at : {Vec3{0, 0, 0}, {1, 0, 0}, {1, -1, 1}, {2, 0, 1}}) {
    double mean = 0;
    const int steps = 8;
    for (int i = 0; i < steps * steps * steps; ++i) {
      const auto offset = [&](int k) { return ((k + 0.5) / steps - 0.5); };
      const Vec3 p = (at + Vec3{offset(i % steps), offset(i / steps % steps), offset(i / steps / steps)}) * voxel;
      mean += value(p.dot(p)) / (steps * steps * steps);
    }
    const float got =
        voxels(6 + static_cast<int64_t>(at.z), 6 + static_cast<int64_t>(at.y), 6 + static_cast<int64_t>(at.x));
    EXPECT_NEAR(got, mean, 0.003 * value(0)) << at.x << at.y << at.z;
  }
}

TEST(PotentialDensity, IntegralIsScatteringLessSolvent) {
  const AtomicModel model = scattered_atoms(200, 25);
  double expected = 0;
  for (const Atom& atom : model.atoms) {
    const double hydrogens = atom.atomic_number == 6   ? 1.24
                             : atom.atomic_number == 7 ? 1.1
                             : atom.atomic_number == 8 ? 0.1
                                                       : 0;
    for (const auto& [number, count] : {std::pair{atom.atomic_number, 1.0}, std::pair{1, hydrogens}})
      expected += count * (potential_scale * scattering_factor(number)(0) - 4.53 * displaced_volume_A3(number));
  }
  const auto result = density_of(model, {48, 3, 10, "potential", false});
  EXPECT_NEAR(sum(result.map.voxels) * 27, expected, 2e-3 * expected);  // the Gaussians are cut at 4 σ
}

TEST(PotentialDensity, OwnHydrogensReplaceTheImplied) {
  AtomicModel model;
  model.atoms = {{{0, 0, 0}, 6, 12, 1, 0}, {{1, 0, 0}, 1, 1, 1, 0}, {{-1, 0, 0}, 1, 1, 1, 0}};
  const double expected = potential_scale * (scattering_factor(6)(0) + 2 * scattering_factor(1)(0)) -
                          4.53 * (displaced_volume_A3(6) + 2 * displaced_volume_A3(1));
  EXPECT_NEAR(sum(density_of(model, {24, 1, 4, "potential", false}).map.voxels), expected, 2e-3 * expected);
}

TEST(Density, QuarterTurnsOfTheModelTurnTheMap) {
  const AtomicModel model = scattered_atoms(60, 18);
  for (const char* kernel : {"situs", "potential"})
    for (const Vec3 axis : {Vec3{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}) {
      const Rotation turn = Rotation::about_axis(axis, pi / 2);
      AtomicModel turned = model;
      for (Atom& atom : turned.atoms) atom.position_A = turn * atom.position_A;
      const DensityOptions options{25, 3, 8, kernel, false};
      const auto a = rotate_volume(density_of(model, options).map.voxels, turn.matrix());
      const auto b = density_of(turned, options).map.voxels;
      EXPECT_GT(correlation(a, b), 0.99999) << kernel;
    }
}

TEST(Density, RefusesWhatDoesNotFitAndSaysHowMuch) {
  AtomicModel model = scattered_atoms(100, 10);
  model.atoms.push_back({{200, 0, 0}, 6, 12, 1, 0});
  try {
    density_of(model, {32, 4, 8, "potential", false});
    FAIL() << "accepted";
  } catch (const UserError& error) {
    const std::string text = error.what();
    for (const char* part : {"cloud", "1 of 101", "--box", "diameter"})
      EXPECT_NE(text.find(part), std::string::npos) << text;
  }
  const auto cut = density_of(model, {32, 4, 8, "potential", true});
  EXPECT_EQ(cut.atoms_outside, 1);
  EXPECT_EQ(cut.notes.size(), 1u);
}

TEST(Density, RefusesEmptyModelsAndBadOptions) {
  EXPECT_THROW(density_of({}, {}), UserError);
  const AtomicModel model = scattered_atoms(10, 10);
  EXPECT_THROW(density_of(model, {4, 4, 8, "potential", false}), UserError);
  EXPECT_THROW(density_of(model, {32, -1, 8, "potential", false}), UserError);
  EXPECT_THROW(density_of(model, {32, 4, 0, "potential", false}), UserError);
  EXPECT_THROW(density_of(model, {32, 4, 8, "cube", false}), UserError);
}

}  // namespace
}  // namespace tessera
