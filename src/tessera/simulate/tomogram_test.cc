// SPDX-License-Identifier: GPL-3.0-or-later
// The whole way from a scene to a tomogram, judged by the particles at their true places.
#include <gtest/gtest.h>

#include <cmath>

#include "tessera/fft/plan.h"
#include "tessera/simulate/reconstruct_tomogram.h"
#include "tessera/simulate/species_density.h"
#include "tessera/simulate/tilt_series.h"
#include "tessera/volume/masks.h"
#include "tests/reference/imaging_phantom.h"
#include "tests/support/tomogram_particles.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

using test::boxed_curves;
using test::Curve;
using test::cut_curves;
using test::for_each_particle;
using test::posed;
using test::Workers;

constexpr int64_t box = 32;
constexpr double voxel = 6;

SpeciesDensity phantom(bool mirrored = false) {
  auto blobs = reference::asymmetric_phantom();
  if (mirrored)
    for (auto& blob : blobs) blob.centre.x = -blob.centre.x;
  return {{reference::blob_volume(blobs, box), voxel, {}}, 0.5, 14 * voxel};
}

// 3 × 3 × 2 particles far apart, at fractions of voxels, in random poses.
Scene lattice() {
  Scene scene;
  scene.box_A = {131 * voxel, 127 * voxel, 83 * voxel};  // odd: the centre is voxel n/2 rounded down
  scene.voxel_size_A = voxel;
  scene.species.push_back({"phantom", "", "", 100, 12 * voxel, 18, 18});
  Random random(11, "lattice");
  for (int i = 0; i < 18; ++i) {
    SceneBody body;
    const Vec3 cell{static_cast<double>(i % 3), static_cast<double>(i / 3 % 3), static_cast<double>(i / 9)};
    body.position_A = Vec3{24 + 40 * cell.x + random.uniform(-1, 1), 24 + 40 * cell.y + random.uniform(-1, 1),
                           22 + 40 * cell.z + random.uniform(-1, 1)} *
                      voxel;
    body.scene_from_ref = Rotation::random(random);
    scene.bodies.push_back(body);
  }
  return scene;
}

TiltSeriesOptions simple_series(std::optional<double> snr) {
  TiltSeriesOptions o;
  o.physics = "simple";
  o.noise = snr ? "gaussian" : "none";
  o.snr = snr;
  o.surroundings = "ice";
  o.defocus_um = 5;
  o.amplitude_contrast = 0.1;
  return o.resolved();
}

// Images of the scene, ready for reconstruction.
TiltSeries images_of(const Scene& scene, const SpeciesDensity& species, const TiltSeriesOptions& options,
                     ExecContext& context) {
  const SceneVolumes drawn = draw_scene(scene, {species}, {}, {}, context);
  double sigma = 0;
  if (options.noise == "gaussian")
    sigma = std::sqrt(projection_variances(scene, {species}, options.tilts(), context)[0] / *options.snr);
  const SpecimenScale scale{voxel, 1};
  TiltSeries series =
      record_tilt_series(drawn.potential, scale, plan_tilts(options, scene.box_A[2], 1), options, sigma, context);
  correct_tilt_series(series, scale, options, {}, context);
  return series;
}

Volume<float> tomogram_of(const Scene& scene, const SpeciesDensity& species, const TiltSeriesOptions& options,
                          const std::string& method, ExecContext& context) {
  TiltSeries series = images_of(scene, species, options, context);
  ReconstructionOptions reconstruction;
  reconstruction.method = method;
  return reconstruct_tomogram(series.images, options.tilts(), scene.shape().z, reconstruction, context);
}

// At its true pose each particle correlates with the reference, not with its mirror image nor turned the other way.
TEST(Tomogram, ParticlesStandAtTheirTrueCoordinatesAndPoses) {
  Workers run(2);
  const Scene scene = lattice();
  const SpeciesDensity species = phantom(), mirror = phantom(true);
  const TiltSeriesOptions options = simple_series(std::nullopt);
  for (const char* method : {"wbp", "fourier"}) {
    const Volume<float> tomogram = tomogram_of(scene, species, options, method, run.context);
    for_each_particle(
        scene, {species}, options, tomogram, [&](const Volume<float>& particle, const Rotation& rotation, Vec3 shift) {
          const double right = correlation(particle, posed(species.map.voxels, rotation, shift));
          EXPECT_GT(right, 0.7) << method;
          EXPECT_GT(right, correlation(particle, posed(mirror.map.voxels, rotation, shift)) + 0.15) << method;
          EXPECT_GT(right, correlation(particle, posed(species.map.voxels, rotation.inverse(), shift)) + 0.1);
          for (const Vec3 off : {Vec3{0.7, 0, 0}, {0, 0.7, 0}, {0, 0, 0.7}})
            for (const double sign : {-1.0, 1.0})
              EXPECT_GT(right, correlation(particle, posed(species.map.voxels, rotation, shift + off * sign)));
        });
  }
}

ImagingOptions boxed_imaging(const TiltSeriesOptions& options) {
  ImagingOptions imaging;
  imaging.snr = *options.snr;
  imaging.defocus_um = options.defocus_um;
  imaging.max_shift_voxels = 1;
  return imaging;
}

// The same SNR by the same definition and the same weights of the inversion: the same FSC against the truth as the
// particles of simulate_particles, shell by shell within four standard errors of the two means and 0.05, for what lies
// beyond the box: streaks of neighbours, and the wedge's edge that a box blurs more than a tomogram.
TEST(Tomogram, ParticlesAreAsGoodAsBoxedOnesAtEqualSnr) {
  Workers run(2, 3);
  const SpeciesDensity species = phantom();
  const Scene scene = lattice();
  const TiltSeriesOptions options = simple_series(0.3);
  const Curve boxed = boxed_curves(species.map, 18, boxed_imaging(options), run.context).summary();
  TiltSeries series = images_of(scene, species, options, run.context);
  ReconstructionOptions how;
  how.weighting = "capped";  // that of boxed particles
  how.weighting_thickness = box;
  const Volume<float> tomogram =
      reconstruct_tomogram(series.images, options.tilts(), scene.shape().z, how, run.context);
  const Curve cut = cut_curves(scene, species, options, tomogram).summary();
  for (size_t s = 2; s <= 13; ++s)
    EXPECT_NEAR(cut.mean[s], boxed.mean[s], 4 * std::sqrt(cut.variance_of_mean[s] + boxed.variance_of_mean[s]) + 0.05)
        << "shell " << s;
  EXPECT_GT(boxed.mean[4], 0.5) << "there is something to compare";
}

// The tomogram's own weights use every tilt at every frequency, those of the boxed inversion do not (a few tilts share
// what many saw at low frequency): noise is lower, the FSC never less.
TEST(Tomogram, RampWeightsAreNoWorse) {
  Workers run(2, 3);
  const SpeciesDensity species = phantom();
  const Scene scene = lattice();
  const TiltSeriesOptions options = simple_series(0.3);
  const Curve boxed = boxed_curves(species.map, 18, boxed_imaging(options), run.context).summary();
  for (const char* method : {"wbp", "fourier"}) {
    const Curve cut =
        cut_curves(scene, species, options, tomogram_of(scene, species, options, method, run.context)).summary();
    for (size_t s = 2; s <= 13; ++s)
      EXPECT_GT(cut.mean[s], boxed.mean[s] - 4 * std::sqrt(cut.variance_of_mean[s] + boxed.variance_of_mean[s]) - 0.02)
          << method << " shell " << s;
  }
}

TEST(Tomogram, TheSignalOfASceneIsThatOfBoxedParticles) {
  Workers run(2);
  const SpeciesDensity species = phantom();
  const Scene scene = lattice();
  const double found = projection_variances(scene, {species}, simple_series(1).tilts(), run.context)[0];
  ImagingOptions imaging;
  const ParticleImager imager(species.map, imaging);
  double expected = 0;
  for (const SceneBody& body : scene.bodies) expected += imager.projection_variance(body.scene_from_ref, {}, false);
  EXPECT_NEAR(found / (expected / 18), 1, 1e-5);
}

}  // namespace
}  // namespace tessera
