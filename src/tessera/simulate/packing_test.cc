// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/packing.h"

#include <gmock/gmock.h>

#include <cmath>

namespace tessera {
namespace {

using testing::HasSubstr;

// A crooked rod of five balls, at its centre of mass.
CoarseModel rod() {
  CoarseModel model;
  for (int i = 0; i < 5; ++i) model.balls.push_back({{30.0 * (i - 2), 8.0 * (i % 2), 6.0 * (i == 4)}, 25});
  model.single = {{0, 4, 0}, 90};
  model.volumes.isosurface_A3 = 1e5;
  model.mass_kDa = 100;
  model.radius_A = 90;
  return model;
}

struct Small {
  SceneRequest request;
  std::vector<PackedSpecies> species;
  PackingOptions options;

  explicit Small(int64_t copies) {
    request.box_A = {600, 600, 600};
    request.voxel_size_A = 20;
    request.species.push_back({"rod", "builtin:rod", true, copies, {}, {}, ""});
    request.filaments.emplace_back().balls = 5;
    request.membranes.emplace_back().balls = {3, 3};
    species.push_back({{"rod", "builtin:rod", "biological", 100, 90, copies, 0}, rod()});
    options.steps = 400;
    options.frames = 4;
    options.platform = "Reference";
  }
  std::vector<BallBody> bodies() const {
    std::vector<BallBody> out(*request.species[0].copies, rigid_body(species[0].model, 5000));
    out.push_back(filament_body(request.filaments[0], 5000));
    out.push_back(membrane_body(request.membranes[0], 5000));
    return out;
  }
  PackingStart start(uint64_t seed = 1) const {
    return scatter_bodies(bodies(), request.box_A, options.drive == "slab", options.start_gap_A, seed);
  }
  PackingRun run(PackingStart begin) const {
    Threads threads(1);
    LocalComm comm;
    SilentSink sink;
    ExecContext context{threads, comm, sink, 1};
    return run_packing(std::move(begin), options, request.box_A, request.voxel_size_A, context,
                       [](const PackingSample&, const std::vector<Vec3>&) {});
  }
};

TEST(PackingStart, BodiesAreInsideApartAndRigid) {
  const Small small(40);
  const PackingStart start = small.start();
  ASSERT_EQ(start.system.balls.size(), 40u * 5 + 5 + 9);
  const GapStatistics gaps = gaps_of(packed_balls(start, [&] {
    std::vector<Vec3> at;
    for (const Ball& ball : start.system.balls) at.push_back(ball.centre_A);
    return at;
  }()));
  EXPECT_GE(gaps.least_A, small.options.start_gap_A);
  for (const Ball& ball : start.system.balls)
    EXPECT_LE(
        std::max({std::abs(ball.centre_A.x), std::abs(ball.centre_A.y), std::abs(ball.centre_A.z)}) + ball.radius_A,
        start.half_widths_A.x + 1e-9);
  for (const BallBond& bond : start.system.bonds)
    EXPECT_NEAR((start.system.balls[bond.first].centre_A - start.system.balls[bond.second].centre_A).norm(),
                bond.length_A, 1e-9);
  const Rotation turn = start.turn[3];
  const Vec3 arm = start.bodies[3].balls[4].centre_A - start.bodies[3].balls[0].centre_A;
  const Vec3 turned =
      start.system.balls[start.first_ball[3] + 4].centre_A - start.system.balls[start.first_ball[3]].centre_A;
  EXPECT_LT((turn * arm - turned).norm(), 1e-9);
  EXPECT_EQ(small.start().system.balls[77].centre_A, start.system.balls[77].centre_A) << "the same seed";
  EXPECT_NE(small.start(2).system.balls[77].centre_A, start.system.balls[77].centre_A);
}

TEST(PackingStart, CrowdsGrowTheRegionAndSlabsOnlyInZ) {
  Small small(120);
  small.request.box_A = {300, 300, 300};
  small.request.filaments.clear();
  small.request.membranes.clear();
  std::vector<BallBody> bodies(120, rigid_body(small.species[0].model, 5000));
  const PackingStart cube = scatter_bodies(bodies, small.request.box_A, false, 10, 1);
  EXPECT_GT(cube.half_widths_A.x, 151);
  const PackingStart slab = scatter_bodies(bodies, small.request.box_A, true, 10, 1);
  EXPECT_EQ(slab.half_widths_A.x, 150);
  EXPECT_GT(slab.half_widths_A.z, 151);
  FilamentRequest longest;
  longest.spacing_A = 1e6;
  const std::vector<BallBody> huge(1, filament_body(longest, 5000));
  EXPECT_THROW(scatter_bodies(huge, small.request.box_A, false, 10, 1), NumericalError);
}

TEST(Packing, CentralDriveGathersAndPosesAreRecovered) {
  const Small small(20);
  const PackingRun run = small.run(small.start());
  ASSERT_EQ(run.timeline.size(), 5u);
  EXPECT_EQ(run.halvings, 0);
  const PackingSample &begin = run.timeline.front(), &end = run.timeline.back();
  EXPECT_NEAR(end.time_ps, 4, 1e-9);
  EXPECT_LT(end.occupancy.cluster_radius_A, 0.8 * begin.occupancy.cluster_radius_A);
  EXPECT_LT(end.energies.drive, 0.6 * begin.energies.drive);
  EXPECT_LT(end.flexible_stretch, 0.05);
  PoseAgreement agreement;
  const Scene scene = scene_of(run, small.request, small.species, 1, agreement);
  EXPECT_EQ(scene.species[0].placed, 20);
  EXPECT_EQ(scene.bodies.size(), 20u);
  EXPECT_EQ(agreement.bodies, 20);
  EXPECT_EQ(scene.filaments.at(0).nodes_A.size(), 5u);
  EXPECT_EQ(scene.membranes.at(0).triangles.size(), 8u);
  EXPECT_EQ(scene.balls.size(), run.positions_A.size());
  Faults faults;
  add_scene_faults(scene, faults);
  EXPECT_TRUE(faults.empty()) << faults.text("scene");
  // The pose carries the reference balls onto the packed ones.
  const std::vector<Ball> reference = rod().balls;
  for (const SceneBall& ball : scene.balls) {
    if (ball.body < 0) continue;
    const SceneBody& body = scene.bodies[ball.body];
    double nearest = 1e300;
    for (const Ball& r : reference)
      nearest = std::min(nearest, (body.scene_from_ref * r.centre_A + body.position_A - ball.position_A).norm());
    EXPECT_LE(nearest, std::sqrt(5.0) * agreement.largest_rms_A + 1e-6);
  }
  EXPECT_LT(agreement.largest_rms_A, 5);
}

TEST(Packing, FilamentsAreBuiltOfRepeats) {
  Small small(2);
  FilamentRequest& filament = small.request.filaments[0];
  filament.structure = "builtin:dimer";
  filament.rise_A = 30;
  filament.twist_deg = 90;
  small.species.push_back({{"f", "builtin:dimer", "asymmetric unit", 50, 30, 0, 0}, rod()});
  PackingRun run;
  run.start = small.start();
  for (const Ball& ball : run.start.system.balls) run.positions_A.push_back(ball.centre_A);
  PoseAgreement agreement;
  const Scene scene = scene_of(run, small.request, small.species, 1, agreement);
  EXPECT_EQ(scene.filaments.at(0).species, 1);
  EXPECT_EQ(scene.species[1].requested, 6) << "a trace of 4 × 40 Å, a repeat every 30 Å";
  EXPECT_EQ(scene.species[1].placed, 6);
  int repeats = 0;
  for (const SceneBody& body : scene.bodies) {
    if (body.species != 1) continue;
    EXPECT_EQ(body.filament, 0);
    ++repeats;
  }
  EXPECT_EQ(repeats, 6);
}

TEST(Packing, WallsCloseOnTheBox) {
  Small small(12);
  small.request.box_A = {400, 400, 400};
  small.request.membranes.clear();
  small.options.drive = "box";
  small.options.steps = 1500;
  small.options.wall_k = 100;
  std::vector<BallBody> bodies(12, rigid_body(small.species[0].model, 5000));
  PackingStart start = scatter_bodies(bodies, {800, 800, 800}, false, 10, 1);
  const PackingRun run = small.run(std::move(start));
  double outside = 0;
  for (size_t i = 0; i < run.positions_A.size(); ++i) {
    const Vec3 p = run.positions_A[i];
    outside = std::max(outside, std::max({std::abs(p.x), std::abs(p.y), std::abs(p.z)}) + 25 - 200);
  }
  EXPECT_LT(outside, 10) << "held by walls of 100 kcal/mol/Å²";
}

TEST(Packing, ABlownUpIntegrationHalvesTheStepOrSaysSo) {
  Small small(6);
  small.options.time_step_fs = 100;  // the pair of a bond is unstable above 77 fs, a body of five above about 40
  small.options.steps = 60;
  const PackingRun run = small.run(small.start());
  EXPECT_GE(run.halvings, 1);
  EXPECT_LE(run.time_step_fs, 50);
  EXPECT_NEAR(run.timeline.back().time_ps, 6, 1e-9) << "the time asked for is simulated";
  small.options.time_step_fs = 4000;
  try {
    small.run(small.start());
    FAIL() << "4 halvings cannot help";
  } catch (const NumericalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("lower --time-step"));
  }
}

TEST(Packing, BodiesOutsideTheBoxAreAShortfall) {
  Small small(3);
  PackingRun run;
  run.start = small.start();
  for (const Ball& ball : run.start.system.balls) run.positions_A.push_back(ball.centre_A);
  for (int i = 0; i < 5; ++i) run.positions_A[run.start.first_ball[1] + i] += Vec3{5000, 0, 0};
  PoseAgreement agreement;
  const Scene scene = scene_of(run, small.request, small.species, 1, agreement);
  EXPECT_EQ(scene.species[0].requested, 3);
  EXPECT_EQ(scene.species[0].placed, 2);
  EXPECT_EQ(scene.balls.size(), 2u * 5 + 5 + 9);
}

TEST(Packing, OptionsOutOfRangeAreNamedTogether) {
  PackingOptions options;
  options.cutoff_A = 100;
  options.drive = "centrol";
  options.time_step_fs = -1;
  Faults faults;
  options.add_faults(faults);
  EXPECT_EQ(faults.size(), 3u);
  EXPECT_THAT(faults.text("x"), HasSubstr("did you mean central?"));
}

}  // namespace
}  // namespace tessera
