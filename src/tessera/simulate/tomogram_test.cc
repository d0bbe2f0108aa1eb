// SPDX-License-Identifier: GPL-3.0-or-later
// The whole way from a scene to a tomogram, judged by the particles at their true places.
#include <gtest/gtest.h>

#include <cmath>

#include "tessera/fft/plan.h"
#include "tessera/simulate/ground_truth.h"
#include "tessera/simulate/particles.h"
#include "tessera/simulate/reconstruct_tomogram.h"
#include "tessera/simulate/sample_weights.h"
#include "tessera/simulate/species_density.h"
#include "tessera/simulate/tilt_series.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"
#include "tests/reference/imaging_phantom.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

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
  scene.box_A = {130 * voxel, 128 * voxel, 84 * voxel};
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

// The weights of the boxed particles' inversion (simulate/sample_weights.h: areas in units of (1/box)² of samples
// 1/2box apart) as filters of whole images.
ViewFilters boxed_filters(const std::vector<double>& tilts, int64_t length) {
  const auto weights = tilt_sample_weights(tilts, box);
  ViewFilters out(tilts.size(), std::vector<float>(length / 2 + 1, 0.0f));
  for (size_t j = 0; j < tilts.size(); ++j)
    for (int64_t u = 0; u <= length / 2; ++u) {
      const double place = 2.0 * box * static_cast<double>(u) / static_cast<double>(length);
      const auto low = static_cast<int64_t>(place);
      if (low + 1 >= box) continue;
      const double part = place - static_cast<double>(low);
      out[j][u] = static_cast<float>(((1 - part) * weights[j][low] + part * weights[j][low + 1]) * 2 / box);
    }
  return out;
}

Volume<float> cut_out(const Volume<float>& tomogram, int64_t x0, int64_t y0, int64_t z0) {
  Volume<float> out(Shape3::cube(box));
  for (int64_t z = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x) out(z, y, x) = tomogram(z0 + z - box / 2, y0 + y - box / 2, x0 + x - box / 2);
  return out;
}

// The reference in a particle's pose, within a ball.
Volume<float> posed(const SpeciesDensity& species, const Rotation& rotation, Vec3 shift) {
  const TurnedDensity density(species.map.voxels);
  const Mat3 back = rotation.matrix().transposed();
  Volume<float> out(Shape3::cube(box));
  for (int64_t z = 0, i = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x, ++i) {
        const Vec3 from =
            Vec3{static_cast<double>(x - box / 2), static_cast<double>(y - box / 2), static_cast<double>(z - box / 2)} -
            shift;
        if (from.dot(from) < 13.9 * 13.9) out[i] = density.at(back * from);
      }
  return out;
}

struct Curve {
  std::vector<double> mean, variance_of_mean;
};

struct Curves {
  std::vector<std::vector<double>> all;
  Curve summary() const {
    Curve out;
    const auto count = static_cast<double>(all.size());
    for (size_t s = 0; s < all.front().size(); ++s) {
      double sum = 0, square = 0;
      for (const auto& curve : all) sum += curve[s], square += curve[s] * curve[s];
      out.mean.push_back(sum / count);
      out.variance_of_mean.push_back((square / count - std::pow(sum / count, 2)) / (count - 1));
    }
    return out;
  }
};

std::vector<double> fsc(const Volume<float>& a, const Volume<float>& b) {
  return fourier_shell_correlation(centred_spectrum(a), centred_spectrum(b));
}

// Particles of the tomogram, at the places and poses that truth.star tells.
template <typename Visit>
void for_each_particle(const Scene& scene, const SpeciesDensity& species, const TiltSeriesOptions& options,
                       const Volume<float>& tomogram, Visit&& visit) {
  const InstanceNumbers numbers = number_instances(scene, 0);
  const LabelNames labels = label_scene(scene, numbers);
  for (const Particle& particle : truth_particles({scene, numbers, labels, {species}, options}).particles) {
    const Vec3 at = *particle.coordinate;
    const int64_t x = std::llround(at.x), y = std::llround(at.y), z = std::llround(at.z);
    const Vec3 shift = at - Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)};
    visit(cut_out(tomogram, x, y, z), Rotation::from_relion(particle.particle_from_ref.relion()), shift);
  }
}

// At its true pose each particle correlates with the reference, not with its mirror image nor turned the other way.
TEST(Tomogram, ParticlesStandAtTheirTrueCoordinatesAndPoses) {
  Workers run(2);
  const Scene scene = lattice();
  const SpeciesDensity species = phantom(), mirror = phantom(true);
  const TiltSeriesOptions options = simple_series(std::nullopt);
  for (const char* method : {"wbp", "fourier"}) {
    const Volume<float> tomogram = tomogram_of(scene, species, options, method, run.context);
    for_each_particle(scene, species, options, tomogram,
                      [&](const Volume<float>& particle, const Rotation& rotation, Vec3 shift) {
                        const double right = correlation(particle, posed(species, rotation, shift));
                        EXPECT_GT(right, 0.7) << method;
                        EXPECT_GT(right, correlation(particle, posed(mirror, rotation, shift)) + 0.15) << method;
                        EXPECT_GT(right, correlation(particle, posed(species, rotation.inverse(), shift)) + 0.1);
                        EXPECT_GT(right, correlation(particle, posed(species, rotation, shift + Vec3{2, 0, 0})) + 0.02);
                      });
  }
}

// FSC against the truth of the particles of simulate_particles at an SNR.
Curve boxed_particles(const SpeciesDensity& species, const TiltSeriesOptions& options, ExecContext& context) {
  ImagingOptions imaging;
  imaging.snr = *options.snr;
  imaging.defocus_um = options.defocus_um;
  imaging.max_shift_voxels = 1;
  Curves boxed;
  boxed.all.resize(18);
  simulate_particles({{species.map, 18}}, imaging, context, [&](const SimulatedParticle& p) {
    boxed.all[p.index] = fsc(p.subtomogram, posed(species, p.particle_from_ref, p.shift_voxels));
  });
  return boxed.summary();
}

Curve cut_particles(const Scene& scene, const SpeciesDensity& species, const TiltSeriesOptions& options,
                    const Volume<float>& tomogram) {
  Curves cut;
  for_each_particle(scene, species, options, tomogram,
                    [&](const Volume<float>& particle, const Rotation& rotation, Vec3 shift) {
                      cut.all.push_back(fsc(particle, posed(species, rotation, shift)));
                    });
  return cut.summary();
}

// The same SNR by the same definition and the same weights of the inversion: the same FSC against the truth as the
// particles of simulate_particles, shell by shell within four standard errors of the two means and 0.05, for what lies
// beyond the box: streaks of neighbours, and the wedge's edge that a box blurs more than a tomogram.
TEST(Tomogram, ParticlesAreAsGoodAsBoxedOnesAtEqualSnr) {
  Workers run(2, 3);
  const SpeciesDensity species = phantom();
  const Scene scene = lattice();
  const TiltSeriesOptions options = simple_series(0.3);
  const Curve boxed = boxed_particles(species, options, run.context);
  TiltSeries series = images_of(scene, species, options, run.context);
  filter_rows(series.images, boxed_filters(options.tilts(), fast_even_size(2 * scene.shape().x)), run.context);
  const Volume<float> tomogram = back_project_filtered(series.images, options.tilts(), scene.shape().z, run.context);
  const Curve cut = cut_particles(scene, species, options, tomogram);
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
  const Curve boxed = boxed_particles(species, options, run.context);
  for (const char* method : {"wbp", "fourier"}) {
    const Curve cut = cut_particles(scene, species, options, tomogram_of(scene, species, options, method, run.context));
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
