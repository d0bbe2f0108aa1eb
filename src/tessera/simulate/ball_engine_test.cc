// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/ball_engine.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tessera/base/random.h"
#include "tests/reference/ball_forces.h"

namespace tessera {
namespace {

// Random balls, some bonded, a chain with angles; far enough apart that no force dwarfs the others.
BallSystem sample(double edge_A) {
  Random random(11, "ball engine test");
  BallSystem system;
  while (system.balls.size() < 24) {
    const Vec3 p{random.uniform(-edge_A, edge_A), random.uniform(-edge_A, edge_A), random.uniform(-edge_A, edge_A)};
    const double radius = random.uniform(10, 30);
    const bool free = std::all_of(system.balls.begin(), system.balls.end(),
                                  [&](const Ball& b) { return (b.centre_A - p).norm() > 0.8 * (b.radius_A + radius); });
    if (!free) continue;
    system.balls.push_back({p, radius});
    system.mass_Da.push_back(random.uniform(3000, 9000));
  }
  for (int32_t i = 0; i + 1 < 8; ++i) {
    system.bonds.push_back({i, i + 1, (system.balls[i].centre_A - system.balls[i + 1].centre_A).norm() + 0.3});
    if (i > 0) system.angles.push_back({i - 1, i, i + 1, 2.0});
  }
  return system;
}

std::vector<Vec3> positions(const BallSystem& system) {
  std::vector<Vec3> out;
  for (const Ball& ball : system.balls) out.push_back(ball.centre_A);
  return out;
}

struct EngineCase {
  const char *drive, *platform;
  double tolerance;  // of energies and forces, relative: double or single precision
};

class EngineForces : public testing::TestWithParam<EngineCase> {};

TEST_P(EngineForces, AreThoseOfTheNaiveSum) {
  const EngineCase given = GetParam();
  PackingOptions options;
  options.drive = given.drive;
  options.platform = given.platform;
  options.angle_k = 500;
  options.epsilon_kcal_mol = 7;
  options.r_min_scale = 0.9;
  options.switch_A = 150;
  options.cutoff_A = 220;  // some pairs below, between and beyond
  options.drive_radius_A = 120;
  const BallSystem system = sample(130);
  const auto engine = make_ball_engine(system, options, 1, 1);
  const reference::BallEnvironment environment{0.7, {110, 120, 90}};
  engine->set_drive(environment.drive_scale);
  engine->set_walls(environment.half_widths_A);
  const BallEnergies found = engine->energies();
  const BallEnergies oracle = reference::ball_energies(system, positions(system), options, environment);
  const auto expect_near = [&](double a, double b, const char* what) {
    EXPECT_NEAR(a, b, given.tolerance * (std::abs(b) + 1)) << what;
  };
  expect_near(found.bond, oracle.bond, "bond");
  expect_near(found.angle, oracle.angle, "angle");
  expect_near(found.lennard_jones, oracle.lennard_jones, "Lennard-Jones");
  expect_near(found.drive, oracle.drive, "drive");
  expect_near(found.walls, oracle.walls, "walls");
  const std::vector<Vec3> forces = engine->forces();
  const std::vector<Vec3> differences = reference::ball_forces(system, positions(system), options, environment);
  for (size_t i = 0; i < forces.size(); ++i)
    EXPECT_LT((forces[i] - differences[i]).norm(), 1e-4 + given.tolerance * (1000 + differences[i].norm()))
        << "ball " << i;
}

// Single precision: 6e-8 of each of the terms that cancel in a force, up to 10³ kcal/mol/Å here.
INSTANTIATE_TEST_SUITE_P(Engine, EngineForces,
                         testing::Values(EngineCase{"central", "Reference", 1e-7},
                                         EngineCase{"slab", "Reference", 1e-7}, EngineCase{"box", "Reference", 1e-7},
                                         EngineCase{"central", "CPU", 3e-6}, EngineCase{"slab", "CPU", 3e-6},
                                         EngineCase{"box", "CPU", 3e-6}),
                         [](const auto& info) { return std::string(info.param.drive) + info.param.platform; });

TEST(BallEngine, DriveIsThatOfThePaper) {
  PackingOptions options;
  options.platform = "Reference";
  for (const double distance : {30.0, 299.0, 301.0, 900.0}) {
    const BallSystem one{{{{distance * 0.6, 0, -distance * 0.8}, 20}}, {5000}, {}, {}};
    const Vec3 force = make_ball_engine(one, options, 1, 1)->forces()[0];
    EXPECT_NEAR(force.norm(), distance < 300 ? 10 * distance : 3000, 1e-3 * distance) << "[P] Eq. 8";
    EXPECT_NEAR(force.dot({0.6, 0, -0.8}), -force.norm(), 1e-6 * force.norm());
  }
}

TEST(BallEngine, EnergyIsKeptWithoutFriction) {
  PackingOptions options;
  options.platform = "Reference";
  options.integrator = "verlet";
  options.time_step_fs = 5;
  const BallSystem system = sample(200);
  const auto engine = make_ball_engine(system, options, 1, 1);
  engine->draw_velocities(3);
  const auto total = [&] { return engine->energies().kinetic + engine->energies().potential(); };
  const double before = total();
  double kinetic = 0;
  for (int i = 0; i < 10; ++i) {
    engine->step(40);
    kinetic = std::max(kinetic, engine->energies().kinetic);
  }
  EXPECT_GT(kinetic, 1000);
  EXPECT_NEAR(total(), before, 0.01 * kinetic);
}

TEST(BallEngine, MinimisationPartsWhatOverlapsAndGathersNothing) {
  PackingOptions options;
  options.platform = "Reference";
  options.r_min_scale = 1.1;
  const BallSystem three{{{{-10, 0, 0}, 20}, {{10, 5, 0}, 30}, {{0, 0, 150}, 20}}, {5000, 5000, 5000}, {}, {}};
  const auto engine = make_ball_engine(three, options, 1, 1);
  engine->set_drive(0);
  engine->minimise(0);
  const auto at = engine->state().positions_A;
  EXPECT_GT((at[0] - at[1]).norm(), 0.97 * 55) << "R_min is 1.1 (20 + 30) Å";
  EXPECT_NEAR((at[2] - Vec3{0, 0, 150}).norm(), 0, 5) << "attracted, but left in place";
}

TEST(BallEngine, TwoBallsMeetAtRmin) {
  PackingOptions options;
  options.platform = "Reference";
  options.drive_k = 0;
  options.temperature_K = 0;
  options.friction_per_ps = 20;
  options.time_step_fs = 20;
  options.r_min_scale = 1.1;
  const BallSystem two{{{{-30, 0, 0}, 20}, {{30, 5, 0}, 30}}, {5000, 5000}, {}, {}};
  const auto engine = make_ball_engine(two, options, 1, 1);
  engine->step(20000);
  const auto at = engine->state().positions_A;
  EXPECT_NEAR((at[0] - at[1]).norm(), 55, 0.2);
  EXPECT_NEAR(engine->energies().lennard_jones, -options.epsilon_kcal_mol, 0.1);
}

TEST(BallEngine, UnknownPlatformIsRefused) {
  PackingOptions options;
  options.platform = "CUDA";
  const BallSystem one{{{{0, 0, 0}, 20}}, {5000}, {}, {}};
  try {
    EXPECT_THAT(make_ball_engine(one, options, 1, 1)->platform(), testing::HasSubstr("CUDA"));
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("--platform auto"));
  }
}

}  // namespace
}  // namespace tessera
