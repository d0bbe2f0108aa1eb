// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/particles.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <mutex>

#include "tessera/base/units.h"
#include "tessera/simulate/snr.h"
#include "tessera/volume/masks.h"
#include "tests/reference/imaging_phantom.h"

namespace tessera {
namespace {

constexpr int64_t n = 24;

Map phantom_map(double scale = 0.8) {
  return {reference::blob_volume(reference::asymmetric_phantom(scale), n), 8, {}};
}

struct DataSet {
  SimulationReport report;
  std::vector<SimulatedParticle> particles;
};

DataSet simulate(const std::vector<SimulatedStructure>& structures, const ImagingOptions& options, int threads = 2,
                 uint64_t seed = 11) {
  Threads pool(threads);
  LocalComm comm;
  SilentSink sink;
  ExecContext context{pool, comm, sink, seed};
  DataSet run;
  int64_t total = 0;
  for (const auto& s : structures) total += s.copies;
  run.particles.resize(total);
  run.report = simulate_particles(structures, options, context,
                                  [&](const SimulatedParticle& p) { run.particles.at(p.index) = p; });
  return run;
}

ImagingOptions coarse_series() {
  ImagingOptions options;
  options.tilt_step_deg = 6;
  options.max_shift_voxels = 2;
  return options;
}

// The noise level against variances taken from real-space projections of the drawn poses.
TEST(SimulateParticles, ProjectionSnrIsCalibrated) {
  ImagingOptions options = coarse_series();
  options.snr = 0.07;
  const DataSet run = simulate({{phantom_map(), 20}}, options);
  double variance = 0, count = 0;
  for (const SimulatedParticle& p : run.particles) {
    const auto blobs = reference::moved(reference::asymmetric_phantom(0.8), p.particle_from_ref, p.shift_voxels);
    for (const double tilt : run.report.tilts_deg) {
      variance += statistics(reference::blob_projection(blobs, n, tilt * degree)).variance;
      ++count;
    }
  }
  const double sigma = run.report.classes[0].noise_sigma;
  EXPECT_NEAR(variance / count / (sigma * sigma), 0.07, 0.02 * 0.07);
  EXPECT_NEAR(run.report.classes[0].snr, 0.07, 1e-9);
  EXPECT_NEAR(run.report.classes[0].projection_snr, 0.07, 1e-9);
}

TEST(SimulateParticles, VolumeSnrIsCalibrated) {
  ImagingOptions options = coarse_series();
  options.snr = 0.2;
  options.snr_definition = "volume";
  const DataSet noisy = simulate({{phantom_map(), 16}}, options);
  options.noise_free = true;
  const DataSet clean = simulate({{phantom_map(), 16}}, options);
  EXPECT_TRUE(std::isinf(clean.report.snr));
  double signal = 0, noise = 0;
  for (size_t i = 0; i < clean.particles.size(); ++i) {
    auto difference = noisy.particles[i].subtomogram;
    for (int64_t k = 0; k < difference.size(); ++k) difference[k] -= clean.particles[i].subtomogram[k];
    signal += statistics(clean.particles[i].subtomogram).variance;
    noise += statistics(difference).variance;
  }
  EXPECT_NEAR(signal / noise, 0.2, 0.02 * 0.2);
  // Frank & Al-Ali look at the components that both observed. Those keep more of the signal, which is strongest at low
  // frequencies where wedges are narrow, than of the noise: up to a fifth above the ratio of the whole box.
  EXPECT_EQ(noisy.report.classes[0].pairs, 120);
  EXPECT_NEAR(noisy.report.frank_al_ali_snr, 0.22, 0.03);
  EXPECT_GT(clean.report.frank_al_ali_snr, 5);
}

TEST(FrankAlAli, RecoversAKnownRatioOfWhiteNoise) {
  const int64_t size = 24;
  const auto blobs = reference::asymmetric_phantom(0.8);
  Volume<float> weight(Shape3::cube(size), 1.0f);
  std::vector<PosedSubtomogram> set;
  for (int i = 0; i < 12; ++i) {
    Random random(21, "white", i);
    const ParticlePose pose{Rotation::random(random), {random.uniform(-2, 2), random.uniform(-2, 2), 1}};
    auto voxels = reference::blob_volume(reference::moved(blobs, pose.particle_from_ref, pose.shift_voxels), size);
    const double sigma = std::sqrt(statistics(voxels).variance / 0.3);
    for (float& v : voxels) v += static_cast<float>(sigma * random.normal());
    set.push_back({pose, std::move(voxels)});
  }
  Threads threads(2);
  const PairCorrelation found = pair_correlation(set, weight, threads);
  EXPECT_EQ(found.pairs, 66);
  // White noise fills the cube, the comparison only the ball of radius (n − 1)/2: (4π/3)(11.5/24)³ of its power.
  const double share = 4.0 / 3 * pi * std::pow(11.5 / 24, 3);
  EXPECT_NEAR(frank_al_ali_snr(found.mean), 0.3 / share, 0.08 * 0.3 / share);
  EXPECT_DOUBLE_EQ(frank_al_ali_snr(0.5), 1);
  EXPECT_TRUE(std::isinf(frank_al_ali_snr(1)));
}

TEST(SimulateParticles, SameBitsForAnyThreads) {
  const ImagingOptions options = coarse_series();
  const std::vector<SimulatedStructure> two{{phantom_map(), 5}, {phantom_map(0.6), 4}};
  const DataSet a = simulate(two, options, 1), b = simulate(two, options, 3), other = simulate(two, options, 3, 12);
  int mixed = 0;
  for (size_t i = 0; i < a.particles.size(); ++i) {
    const auto &p = a.particles[i], &q = b.particles[i];
    EXPECT_EQ(p.index, static_cast<int64_t>(i));
    EXPECT_EQ(p.class_number, q.class_number);
    EXPECT_TRUE(std::equal(p.subtomogram.begin(), p.subtomogram.end(), q.subtomogram.begin()));
    EXPECT_FALSE(std::equal(p.subtomogram.begin(), p.subtomogram.end(), other.particles[i].subtomogram.begin()));
    mixed += i > 0 && p.class_number < a.particles[i - 1].class_number;
  }
  EXPECT_EQ(a.report.frank_al_ali_snr, b.report.frank_al_ali_snr);
  EXPECT_GT(mixed, 0) << "classes follow each other in order";
}

TEST(SimulateParticles, NoiseLevelIsOneForTheSetOrOneForEachStructure) {
  ImagingOptions options = coarse_series();
  options.snr = 0.1;
  const std::vector<SimulatedStructure> two{{phantom_map(), 6}, {phantom_map(0.5), 6}};
  for (const ClassReport& of_class : simulate(two, options).report.classes) EXPECT_NEAR(of_class.snr, 0.1, 1e-6);
  options.snr_scope = "data-set";
  const auto shared = simulate(two, options).report;
  EXPECT_EQ(shared.classes[0].noise_sigma, shared.classes[1].noise_sigma);
  EXPECT_GT(shared.classes[0].snr, 2 * shared.classes[1].snr);
  EXPECT_NEAR((shared.classes[0].snr + shared.classes[1].snr) / 2, 0.1, 1e-6);
}

TEST(DrawPose, ShiftsFillTheBallAndRotationsTheGroup) {
  ImagingOptions options;
  options.max_shift_voxels = 3;
  double inside = 0, cosine = 0;
  const int draws = 4000;
  for (int i = 0; i < draws; ++i) {
    const ParticlePose pose = draw_pose(options, {0, 0, 1}, 5, i);
    ASSERT_LE(pose.shift_voxels.norm(), 3);
    inside += pose.shift_voxels.norm() < 1.5;
    cosine += (pose.particle_from_ref * Vec3{0, 0, 1}).z;
  }
  EXPECT_NEAR(inside / draws, 0.125, 0.02);  // a ball of half the radius; standard error 0.005
  EXPECT_NEAR(cosine / draws, 0, 0.035);     // standard error 0.009
}

TEST(DrawPose, PreferredOrientationTurnsAboutTheAxisOnly) {
  // A disc whose axis is neither x, y nor z.
  const Vec3 axis = Vec3{1, 2, 2} * (1.0 / 3);
  std::vector<reference::Blob> blobs;
  const Rotation tilt = Rotation::from_vector({0, 0, 0});
  const Vec3 u = axis.cross({0, 0, 1}) * (1 / axis.cross({0, 0, 1}).norm()), v = axis.cross(u);
  for (int i = 0; i < 9; ++i) {
    const double angle = 2 * pi * i / 9;
    blobs.push_back({tilt * (u * (6 * std::cos(angle)) + v * (6 * std::sin(angle))), 1.5, 1});
  }
  blobs.push_back({axis * 2.0, 1.5, 1});
  const Vec3 found = principal_axis({reference::blob_volume(blobs, n), 8, {}});
  EXPECT_GT(found.dot(axis), 0.999);  // and its heavier end positive
  ImagingOptions options;
  options.rotation_axis = "y";
  double smallest = 10;
  for (int i = 0; i < 50; ++i) {
    const ParticlePose pose = draw_pose(options, found, 5, i);
    EXPECT_NEAR((pose.particle_from_ref * found).y, 1, 1e-9);
    if (i > 0)
      smallest =
          std::min(smallest, angle_between(pose.particle_from_ref, draw_pose(options, found, 5, 0).particle_from_ref));
  }
  EXPECT_LT(smallest, 0.5);
  EXPECT_GT(smallest, 0);
}

TEST(SimulateParticles, RefusesAllFaultsAtOnce) {
  ImagingOptions options;
  options.snr = 0;
  Map other = phantom_map();
  other.voxel_size_A = 4;
  try {
    simulate({{phantom_map(), 1}, {other, 0}}, options);
    FAIL() << "accepted";
  } catch (const UserError& error) {
    const std::string text = error.what();
    for (const char* part : {"--snr", "structure 2", "0 times", "4 Å"})
      EXPECT_NE(text.find(part), std::string::npos) << text;
  }
}

TEST(SimulateParticles, StopsWhenAsked) {
  Threads pool(1);
  LocalComm comm;
  SilentSink sink;
  std::atomic<bool> stop{true};
  ExecContext context{pool, comm, sink, 1, &stop};
  EXPECT_THROW(simulate_particles({{phantom_map(), 2}}, coarse_series(), context, [](const SimulatedParticle&) {}),
               Interrupted);
}

// A structure of zeros: the same noise as the particles have, and nothing else.
TEST(SimulateParticles, EmptyBoxesHoldTheNoiseOfTheSet) {
  ImagingOptions options = coarse_series();
  options.snr = 0.05;
  for (const char* scope : {"data-set", "structure"}) {
    options.snr_scope = scope;
    options.rotation_axis = scope[0] == 'd' ? "none" : "y";
    const Map nothing{Volume<float>(Shape3::cube(n), 0.0f), 8, {}};
    const DataSet run = simulate({{phantom_map(), 12}, {nothing, 12}}, options);
    const DataSet alone = simulate({{phantom_map(), 12}}, options);
    const double sigma = alone.report.classes[0].noise_sigma;
    // The same structure at other poses: its signal's variance differs a little.
    EXPECT_NEAR(run.report.classes[0].noise_sigma / sigma, 1, 0.1) << scope;
    EXPECT_DOUBLE_EQ(run.report.classes[1].noise_sigma, run.report.classes[0].noise_sigma);
    EXPECT_DOUBLE_EQ(run.report.classes[1].snr, 0);
    EXPECT_DOUBLE_EQ(run.report.frank_al_ali_snr, run.report.classes[0].frank_al_ali_snr);
    const ParticleImager imager(nothing, options);
    const double expected = imager.volume_noise_variance() * sigma * sigma;
    double variance = 0;
    for (const SimulatedParticle& particle : run.particles)
      if (particle.class_number == 2) variance += statistics(particle.subtomogram).variance / 12;
    EXPECT_NEAR(variance / expected, 1, 0.25) << scope;  // sigma² differs by up to a fifth, see above
  }
  const Map nothing{Volume<float>(Shape3::cube(n), 0.0f), 8, {}};
  EXPECT_THROW(simulate({{nothing, 2}}, options), UserError);
}

}  // namespace
}  // namespace tessera
