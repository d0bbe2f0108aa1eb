// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/scene_potential.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/simulate/ground_truth.h"
#include "tests/reference/imaging_phantom.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

using test::Workers;
constexpr double voxel = 8;

SpeciesDensity phantom_species() {
  SpeciesDensity out;
  out.map = {reference::blob_volume(reference::asymmetric_phantom(), 40), voxel, {}};
  out.threshold = 0.5;
  out.reach_A = 17 * voxel;
  return out;
}

Scene empty_scene(int64_t x, int64_t y, int64_t z) {
  Scene scene;
  scene.box_A = {static_cast<double>(x) * voxel, static_cast<double>(y) * voxel, static_cast<double>(z) * voxel};
  scene.voxel_size_A = voxel;
  return scene;
}

Scene one_body(const Rotation& rotation, Vec3 position_A) {
  Scene scene = empty_scene(50, 44, 42);
  scene.species.push_back({"phantom", "", "", 100, 17 * voxel, 1, 1});
  SceneBody body;
  body.position_A = position_A;
  body.scene_from_ref = rotation;
  scene.bodies.push_back(body);
  return scene;
}

TEST(TurnedDensity, IsTheDensityBetweenItsVoxels) {
  const auto blobs = reference::asymmetric_phantom();
  const TurnedDensity density(reference::blob_volume(blobs, 40));
  Random random(2, "turned test");
  for (int i = 0; i < 200; ++i) {
    const Vec3 at{random.uniform(-12, 12), random.uniform(-12, 12), random.uniform(-12, 12)};
    double expected = 0;
    for (const auto& blob : blobs)
      expected += blob.height * std::exp(-0.5 * (at - blob.centre).dot(at - blob.centre) / (blob.sigma * blob.sigma));
    EXPECT_NEAR(density.at(at), expected, 4e-3) << i;  // 2e-3 of the largest value
  }
}

TEST(DrawScene, ABodyLiesWhereItsPoseSays) {
  Random random(5, "draw test");
  const Rotation rotation = Rotation::random(random);
  const Vec3 at{24.3 * voxel, 21.8 * voxel, 20.6 * voxel};
  Workers run(2);
  const SceneVolumes drawn = draw_scene(one_body(rotation, at), {phantom_species()}, {}, {}, run.context);
  const auto blobs = reference::moved(reference::asymmetric_phantom(), rotation, at * (1 / voxel));
  double worst = 0;
  for (int64_t z = 0; z < 42; ++z)
    for (int64_t y = 0; y < 44; ++y)
      for (int64_t x = 0; x < 50; ++x) {
        double expected = 0;
        for (const auto& blob : blobs) {
          const Vec3 d = Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)} - blob.centre;
          expected += blob.height * std::exp(-0.5 * d.dot(d) / (blob.sigma * blob.sigma));
        }
        worst = std::max(worst, std::abs(drawn.potential(z, y, x) - expected));
        // Above the threshold, but for the accuracy of the interpolation, is the body's own.
        if (std::abs(expected - 0.5) > 0.005) {
          ASSERT_EQ(drawn.instances(z, y, x), expected > 0.5 ? 1 : 0);
        }
      }
  EXPECT_LT(worst, 5e-3);
}

TEST(DrawScene, BodiesAddUpAndAreCutAtTheBox) {
  Workers run(3);
  Scene scene = one_body({}, {25 * voxel, 22 * voxel, 21 * voxel});
  const Volume<float> alone = draw_scene(scene, {phantom_species()}, {}, {}, run.context).potential;
  SceneBody outside = scene.bodies[0];
  outside.position_A = {-3 * voxel, 22 * voxel, 50 * voxel};
  scene.bodies.push_back(outside);
  scene.bodies.push_back(scene.bodies[0]);
  const SceneVolumes drawn = draw_scene(scene, {phantom_species()}, {}, {}, run.context);
  EXPECT_NEAR(drawn.potential(21, 22, 25), 2 * alone(21, 22, 25), 1e-5);
  EXPECT_EQ(drawn.instances(21, 22, 25), 1) << "of equals the first";
}

TEST(DrawScene, TubesMembranesAndBeads) {
  Workers run(2);
  Scene scene = empty_scene(60, 60, 60);
  scene.filaments.push_back({"tube", {{80, 100, 240}, {240, 100, 240}, {400, 100, 240}}, 40, -1});
  const double z = 380;
  scene.membranes.push_back(
      {"sheet", {{50, 200, z}, {430, 200, z}, {430, 430, z}, {50, 430, z}}, {{0, 1, 2}, {2, 3, 0}}, 48});
  const std::vector<GoldBead> beads = {{{240, 400, 80}, 40}};
  const SceneVolumes drawn = draw_scene(scene, {}, beads, {8, "potential"}, run.context);
  const InstanceNumbers numbers = number_instances(scene, 1);
  std::vector<double> voxels(4);
  for (const float value : drawn.instances) ++voxels.at(static_cast<size_t>(value));
  const double a3 = voxel * voxel * voxel;
  // Cylinder with half balls at its ends; sheet with half cylinders along its rim; ball. Voxels count by their centres:
  // a few per cent at radii of 3 to 5 voxels.
  EXPECT_NEAR(voxels[numbers.of_tube(0)] * a3, pi * 1600 * (320 + 4.0 / 3 * 40), 0.05 * pi * 1600 * 373);
  EXPECT_NEAR(voxels[numbers.of_membrane(0)] * a3, 380 * 230 * 48 + pi * 24 * 24 * (380 + 230), 0.06 * 5.3e6);
  EXPECT_NEAR(voxels[numbers.of_bead(0)] * a3, 4.0 / 3 * pi * 64000, 0.08 * 268000);
  const MaterialDensities materials = material_densities("potential");
  EXPECT_NEAR(drawn.potential(30, 12, 30), materials.protein, 0.02) << "inside the tube";
  EXPECT_NEAR(drawn.potential(10, 50, 30), materials.gold, 0.1);
  EXPECT_EQ(drawn.potential(30, 40, 30), 0);
  // Through the bilayer: heads above chains, a dip in the middle, symmetric. z = 380 Å is voxel 47.5.
  const auto across = [&](int64_t k) { return drawn.potential(k, 40, 30); };
  EXPECT_NEAR(across(47), across(48), 1e-5);
  EXPECT_NEAR(across(45), across(50), 1e-5);
  EXPECT_GT(across(45), across(47));
  EXPECT_GT(across(45), 1.5);
}

TEST(DrawScene, ProteinTakesThePlaceOfLipid) {
  Workers run(1);
  Scene scene = one_body({}, {200, 176, 168});
  scene.membranes.push_back(
      {"sheet", {{20, 20, 168}, {380, 20, 168}, {380, 330, 168}, {20, 330, 168}}, {{0, 1, 2}, {2, 3, 0}}, 40});
  SpeciesDensity dense = phantom_species();
  for (float& value : dense.map.voxels) value = 3.37f;  // protein throughout
  const SceneVolumes drawn = draw_scene(scene, {dense}, {}, {8, "potential"}, run.context);
  EXPECT_NEAR(drawn.potential(21, 22, 25), 3.37, 0.02);
  EXPECT_EQ(drawn.instances(21, 22, 25), 1);
  EXPECT_NEAR(drawn.potential(21, 22, 4),
              bilayer_density(0, 40, 8 / (2 * std::sqrt(3.0)), material_densities("potential")), 1e-4);
  EXPECT_EQ(drawn.instances(21, 22, 4), 2);
}

TEST(DrawScene, TheSameBitsForAnyNumberOfThreads) {
  Scene scene = one_body(Rotation::from_vector({1, 0.3, -0.7}), {180, 190, 150});
  scene.bodies.push_back(scene.bodies[0]);
  scene.bodies[1].position_A = {230, 150, 180};
  scene.filaments.push_back({"tube", {{20, 20, 20}, {380, 330, 320}}, 30, -1});
  Workers one(1), four(4);
  const SceneVolumes a = draw_scene(scene, {phantom_species()}, {}, {}, one.context),
                     b = draw_scene(scene, {phantom_species()}, {}, {}, four.context);
  for (int64_t i = 0; i < a.potential.size(); ++i) {
    ASSERT_EQ(a.potential[i], b.potential[i]);
    ASSERT_EQ(a.instances[i], b.instances[i]);
  }
}

TEST(GoldBeads, TouchAFaceAndNothingElse) {
  Scene scene = empty_scene(100, 100, 40);
  Random random(1, "balls");
  for (int i = 0; i < 40; ++i) {
    SceneBall ball;
    ball.position_A = {random.uniform(0, 800), random.uniform(0, 800), random.uniform(0, 320)};
    ball.radius_A = 50;
    scene.balls.push_back(ball);
  }
  const auto beads = place_gold_beads(scene, 6, 80, 9);
  ASSERT_EQ(beads.size(), 6u);
  for (size_t i = 0; i < beads.size(); ++i) {
    EXPECT_EQ(beads[i].position_A.z, i % 2 == 0 ? 40 : 280);
    for (const SceneBall& ball : scene.balls) EXPECT_GE((ball.position_A - beads[i].position_A).norm(), 90);
    for (size_t j = 0; j < i; ++j) EXPECT_GE((beads[j].position_A - beads[i].position_A).norm(), 80);
  }
  EXPECT_LT(place_gold_beads(scene, 1000, 80, 9).size(), 1000u);
}

TEST(SoftShapes, DistancesByBruteForce) {
  Random random(3, "triangle test");
  const auto point = [&] { return Vec3{random.uniform(-5, 5), random.uniform(-5, 5), random.uniform(-5, 5)}; };
  for (int trial = 0; trial < 60; ++trial) {
    const Vec3 a = point(), b = point(), c = point(), p = point();
    double nearest = 1e9, on_edge = 1e9;
    constexpr int steps = 120;
    for (int i = 0; i <= steps; ++i) {
      const double u = static_cast<double>(i) / steps;
      on_edge = std::min(on_edge, (a + (b - a) * u - p).norm());
      for (int j = 0; i + j <= steps; ++j)
        nearest = std::min(nearest, (a + (b - a) * u + (c - a) * (static_cast<double>(j) / steps) - p).norm());
    }
    const double found = distance_to_triangle(p, a, b, c);
    EXPECT_LE(found, nearest + 1e-9);
    EXPECT_NEAR(found, nearest, 0.1);  // the spacing of the samples
    EXPECT_NEAR(distance_to_segment(p, a, b), on_edge, 0.1);
  }
  EXPECT_NEAR(distance_to_triangle({1, 0, 0}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0}), 1, 1e-12) << "a point";
}

TEST(SoftShapes, ABlurredBilayerKeepsItsIntegral) {
  const MaterialDensities m = material_densities("potential");
  for (const double sigma : {0.5, 4.0, 9.0}) {
    double sum = 0;
    for (double d = -100; d < 100; d += 0.05) sum += 0.05 * bilayer_density(d, 40, sigma, m);
    EXPECT_NEAR(sum, 2 * 9 * m.heads + (40 - 18 - 5) * m.chains + 5 * m.methyl, 0.05) << sigma;
  }
}

TEST(Threshold, EnclosesTheVolume) {
  const Map map = ball_density(40, 5, 40, 3, 1);
  const double volume = 4.0 / 3 * pi * 64000, threshold = threshold_of_volume(map, volume);
  const auto above = std::count_if(map.voxels.begin(), map.voxels.end(), [&](float v) { return v >= threshold; });
  // Voxels of a symmetric map come in equal groups of up to 48, 2 % of this volume.
  EXPECT_NEAR(static_cast<double>(above) * 125, volume, 0.04 * volume);
  EXPECT_NEAR(threshold, 0.5, 0.06) << "the surface of a blurred ball is at half its height";
}

TEST(GroundTruth, LabelsAndTables) {
  Scene scene = one_body(Rotation::from_vector({0.2, 0.4, 0.1}), {100, 90, 80});
  scene.filaments.push_back({"tube", {{0, 0, 0}, {0, 80, 0}, {80, 80, 0}}, 30, -1});
  scene.filaments.push_back({"repeats", {{0, 0, 0}, {0, 80, 0}}, 30, 0});
  scene.filaments.push_back({"tube", {{0, 0, 0}, {9, 80, 0}}, 30, -1});
  scene.membranes.push_back({"sheet", {{0, 0, 0}, {80, 0, 0}, {80, 80, 0}}, {{0, 1, 2}}, 40});
  const InstanceNumbers numbers = number_instances(scene, 2);
  EXPECT_EQ(numbers.count(), 1 + 2 + 1 + 2);
  const LabelNames labels = label_scene(scene, numbers);
  EXPECT_EQ(labels.names, (std::vector<std::string>{"phantom", "tube", "membrane", "gold"}));
  EXPECT_EQ(labels.of_instance, (std::vector<int>{0, 1, 2, 2, 3, 4, 4}));
  const StarTable normals = membrane_table(scene), traces = filament_table(scene);
  EXPECT_EQ(normals.at(0, 8 - 0), "1.0000") << "outward: anticlockwise seen from +z";
  EXPECT_EQ(traces.rows(), 7);
  EXPECT_EQ(traces.at(1, 4), "10.0000");
  EXPECT_EQ(traces.at(0, 7), "1.0000") << "along y at the first node";
  const std::vector<SpeciesDensity> species = {phantom_species()};
  const TiltSeriesOptions tilts;
  const ParticleSet set = truth_particles({scene, numbers, labels, species, tilts});
  ASSERT_EQ(set.particles.size(), 1u);
  EXPECT_EQ(set.particles[0].coordinate->x, 12.5);
  EXPECT_LT(angle_between(set.particles[0].particle_from_ref, scene.bodies[0].scene_from_ref), 1e-9);
}

}  // namespace
}  // namespace tessera
