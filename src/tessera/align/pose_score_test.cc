// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/pose_score.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tessera/align/translation_search.h"
#include "tessera/volume/shells.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

constexpr int64_t box = 32, band = 10;

struct Scene {
  synthetic::Phantom phantom = synthetic::make_phantom(8, 40, 3, 1.8);
  FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  ObservedComponents components{weight, band};
  PaddedSpectrum reference{synthetic::render(phantom, box, {}), band + 1};
  std::vector<double> variance = std::vector<double>(shell_count(box), 40.0);
  std::vector<float> power = power_weights(components, variance);

  HalfSpectrum spectrum(const Pose& pose, double snr, uint64_t item) const {
    return centred_spectrum(synthetic::particle(phantom, box, pose, weight, snr, 1, item));
  }
};

TEST(PaddedSpectrum, InterpolatesTheTransformOfARotatedMap) {  // oracle: the phantom rendered at the pose
  const Scene scene;
  const Pose pose = synthetic::random_pose(1, 4, 2);
  const HalfSpectrum direct = centred_spectrum(synthetic::render(scene.phantom, box, pose));
  const Mat3 back = pose.particle_from_ref.inverse().matrix();
  double error = 0, power = 0;
  for_each_frequency(direct, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    const Vec3 k{double(x), double(y), double(z)};
    if (k.norm() > band) return;
    const Vec3 q = back * k;
    const auto a = std::complex<double>(scene.reference.sample(float(q.x), float(q.y), float(q.z))) *
                   std::polar(1.0, -2 * pi * k.dot(pose.shift_voxels) / box);
    error += std::norm(a - std::complex<double>(direct.data()[i]));
    power += std::norm(direct.data()[i]);
  });
  EXPECT_LT(std::sqrt(error / power), 0.03);  // trilinear, twofold padding, features to a quarter of the box
}

TEST(PaddedSpectrum, CutInFourierSpaceItStaysTheTransform) {  // oracle: the sum of the Gaussians' transforms
  const auto phantom = synthetic::make_phantom(8, 30, 5, 1.2);
  const Volume<float> map = synthetic::render(phantom, 48, {});
  const PaddedSpectrum cut(map, 7), from_spectrum(centred_spectrum(map), 7);
  const double s2 = phantom.sigma * phantom.sigma, largest = std::abs(cut.sample(0, 0, 0));
  double error = 0, power = 0;
  Random random(6, "points");
  for (int i = 0; i < 2000; ++i) {
    Vec3 k{random.normal(), random.normal(), random.normal()};
    k = k * (random.uniform(1, 7) / k.norm());
    std::complex<double> exact = 0;
    for (const Vec3& c : phantom.centres) exact += std::polar(1.0, -2 * pi * k.dot(c) / 48);
    exact *= std::pow(2 * pi * s2, 1.5) * std::exp(-2 * pi * pi * s2 * k.dot(k) / (48 * 48));
    const auto x = float(k.x), y = float(k.y), z = float(k.z);
    error += std::norm(std::complex<double>(cut.sample(x, y, z)) - exact);
    power += std::norm(exact);
    EXPECT_LT(std::abs(from_spectrum.sample(x, y, z) - cut.sample(x, y, z)), 1e-5 * largest);
  }
  EXPECT_LT(std::sqrt(error / power), 0.015);
}

// A transfer that changes sign, as a CTF does, behind a missing wedge.
Volume<float> ctf_and_wedge(double max_deg) {
  Volume<float> out = synthetic::wedge(box, max_deg);
  for (int64_t z = 0, i = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x, ++i) {
        const double k = std::hypot(z - box / 2, y - box / 2, x - box / 2);
        out[i] *= static_cast<float>(std::cos(0.01 * k * k + 0.2));
      }
  return out;
}

TEST(PoseScore, DataMultipliedByTheirWeightScoreTheSame) {
  const Scene scene;
  const Volume<float> h = ctf_and_wedge(55);
  const FourierWeight plain = FourierWeight::from_volume(h),
                      squared = FourierWeight::from_volume(h, ParticleData::premultiplied);
  const ObservedComponents a(plain, band), b(squared, band);
  const auto power_a = power_weights(a, scene.variance), power_b = power_weights(b, scene.variance);
  const Pose pose = synthetic::random_pose(1, 3, 2);
  HalfSpectrum x = centred_spectrum(synthetic::particle(scene.phantom, box, pose, plain, 0.5, 1, 3)), hx = x;
  for (int64_t i = 0; i < x.size(); ++i) hx.data()[i] *= plain.half()[i];
  const auto score_a = score_pose(weighted_particle(a, x.data(), scene.variance, power_a), scene.reference, pose);
  const auto score_b = score_pose(weighted_particle(b, hx.data(), scene.variance, power_b), scene.reference, pose);
  EXPECT_NEAR(score_b.cross / score_a.cross, 1, 1e-5);
  EXPECT_DOUBLE_EQ(score_b.power, score_a.power);
  // Residuals: component by component |X′ − H²Y|² = H²|X − HY|².
  for (const size_t i : {size_t{5}, size_t{100}, a.size() - 1}) {
    const auto only = [i](const ObservedComponents& c) {
      ObservedComponents one = c;
      for (auto* list : {&one.x, &one.y, &one.z, &one.weight}) *list = {(*list)[i]};
      one.index = {c.index[i]};
      one.shell = {c.shell[i]};
      return one;
    };
    std::vector<double> residual_a(shell_count(box)), residual_b(shell_count(box));
    add_residual(only(a), x.data(), scene.reference, pose, residual_a);
    add_residual(only(b), hx.data(), scene.reference, pose, residual_b);
    EXPECT_NEAR(residual_b[a.shell[i]], b.noise_factor(i) * residual_a[a.shell[i]], 1e-4 * residual_a[a.shell[i]]);
    EXPECT_EQ(a.noise_factor(i), 1);
  }
}

TEST(PaddedSpectrum, JetIsTheDerivativeOfTheInterpolant) {
  const Scene scene;
  for (const Vec3 p : {Vec3{1.3, 2.2, -3.4}, Vec3{-2.13, 0.62, 4.9}, Vec3{-0.2, -5.3, 0.1}}) {
    const auto jet = scene.reference.sample_jet(float(p.x), float(p.y), float(p.z));
    const float h = 0.02f;  // within one cell of ½, where the interpolant is linear along each axis
    const auto dx = (scene.reference.sample(float(p.x) + h, float(p.y), float(p.z)) -
                     scene.reference.sample(float(p.x) - h, float(p.y), float(p.z))) /
                    (2 * h);
    const auto dz = (scene.reference.sample(float(p.x), float(p.y), float(p.z) + h) -
                     scene.reference.sample(float(p.x), float(p.y), float(p.z) - h)) /
                    (2 * h);
    EXPECT_LT(std::abs(dx - jet.dx), 2e-3 * std::abs(jet.dx) + 1e-2);
    EXPECT_LT(std::abs(dz - jet.dz), 2e-3 * std::abs(jet.dz) + 1e-2);
    EXPECT_LT(std::abs(jet.value - scene.reference.sample(float(p.x), float(p.y), float(p.z))), 1e-4);
  }
}

TEST(PoseScore, IsTheSumOverTheWholeSpectrum) {  // oracle: both halves of every pair, in double
  const Scene scene;
  const Pose truth = synthetic::random_pose(1, 5, 2), pose = synthetic::random_pose(1, 6, 2);
  const HalfSpectrum x = scene.spectrum(truth, 1.0, 5);
  const auto particle = weighted_particle(scene.components, x.data(), scene.variance, scene.power);
  const PoseScore fast = score_pose(particle, scene.reference, pose);
  const Mat3 back = pose.particle_from_ref.inverse().matrix();
  double cross = 0, power = 0;
  for (int64_t kz = -band; kz <= band; ++kz)
    for (int64_t ky = -band; ky <= band; ++ky)
      for (int64_t kx = -band; kx <= band; ++kx) {
        const Vec3 k{double(kx), double(ky), double(kz)};
        if (k.norm() > band || k.norm() < 0.5) continue;
        const bool flip = kx < 0;
        const auto at = [&](int64_t v) { return wrapped_index(flip ? -v : v, box); };
        const double h = scene.weight(at(kz), at(ky), flip ? -kx : kx);
        auto value = std::complex<double>(x(at(kz), at(ky), flip ? -kx : kx));
        if (flip) value = std::conj(value);
        const Vec3 q = back * k;
        const auto y = h * std::complex<double>(scene.reference.sample(float(q.x), float(q.y), float(q.z))) *
                       std::polar(1.0, -2 * pi * k.dot(pose.shift_voxels) / box);
        cross += (std::conj(value) * y).real() / 40;
        power += std::norm(y) / 40;
      }
  EXPECT_NEAR(fast.cross, cross, 1e-4 * std::abs(cross) + 1e-2);
  EXPECT_NEAR(fast.power, power, 1e-4 * power);
}

TEST(PoseScore, ResidualAgreesWithTheScore) {  // Σ ω|X − Y|² = Σ ω|X|² − 2 cross + power
  const auto phantom = synthetic::make_phantom(8, 30, 5);
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(32, 60));
  const PaddedSpectrum reference(synthetic::render(phantom, 32, {}), 10);
  const Pose pose = synthetic::random_pose(3, 1, 2), other = synthetic::random_pose(3, 2, 2);
  const auto spectrum = centred_spectrum(synthetic::particle(phantom, 32, pose, weight, 0.5, 3, 1));
  const ObservedComponents components(weight, 9);
  const std::vector<double> variance(17, 3.0);
  const auto power = power_weights(components, variance);
  const auto weighted = weighted_particle(components, spectrum.data(), variance, power);
  double empty = 0;
  for (const int32_t i : components.index) empty += 2 * std::norm(spectrum.data()[i]) / 3.0;
  for (const Pose& p : {pose, other}) {
    std::vector<double> shells(17);
    add_residual(components, spectrum.data(), reference, p, shells);
    const double sum = 2 * std::accumulate(shells.begin(), shells.end(), 0.0) / 3.0;
    const PoseScore score = score_pose(weighted, reference, p);
    EXPECT_NEAR(sum, empty - 2 * score.cross + score.power, 1e-5 * empty);
  }
}

TEST(PoseScore, DerivativesAgreeWithFiniteDifferences) {
  const Scene scene;
  const Pose truth = synthetic::random_pose(1, 7, 2);
  const HalfSpectrum x = scene.spectrum(truth, 0.5, 7);
  const auto particle = weighted_particle(scene.components, x.data(), scene.variance, scene.power);
  Pose pose = truth;
  pose.particle_from_ref = Rotation::from_vector({0.05, -0.08, 0.03}) * pose.particle_from_ref;
  pose.shift_voxels += Vec3{0.3, -0.2, 0.1};
  const PoseDerivatives d = pose_derivatives(particle, scene.reference, pose);
  double scale_cross = 0;
  for (const double g : d.cross_gradient) scale_cross = std::max(scale_cross, std::abs(g));
  for (int a = 0; a < 6; ++a) {
    const double h = a < 3 ? 4e-4 : 2e-2;
    const auto moved = [&](double by) {
      Pose p = pose;
      double v[6] = {};
      v[a] = by;
      p.particle_from_ref = Rotation::from_vector({v[0], v[1], v[2]}) * p.particle_from_ref;
      p.shift_voxels += Vec3{v[3], v[4], v[5]};
      return score_pose(particle, scene.reference, p);
    };
    const PoseScore plus = moved(h), minus = moved(-h);
    // The interpolant's slope jumps between cells, which a step of 4e-4 rad · 10 shells crosses for 2 % of components.
    EXPECT_NEAR(d.cross_gradient[a], (plus.cross - minus.cross) / (2 * h), 0.03 * scale_cross) << a;
    EXPECT_NEAR(d.half_power_gradient[a], (plus.power - minus.power) / (4 * h), 0.03 * scale_cross) << a;
  }
}

TEST(PoseScore, RefinementFindsTheTruePoseAndNeverGoesDown) {
  const Scene scene;
  for (int item = 0; item < 5; ++item) {
    const Pose truth = synthetic::random_pose(2, item, 2);
    const HalfSpectrum x = scene.spectrum(truth, 1.0, item);
    const auto particle = weighted_particle(scene.components, x.data(), scene.variance, scene.power);
    Pose start = truth;
    start.particle_from_ref = Rotation::from_vector({0.08, -0.06, 0.05}) * start.particle_from_ref;
    start.shift_voxels += Vec3{0.4, -0.5, 0.3};
    RefineOptions options;
    options.max_steps = 15;
    const RefinedPose found = refine_pose(particle, scene.reference, start, options);
    EXPECT_GE(found.score.correlation(), score_pose(particle, scene.reference, start).correlation());
    EXPECT_LT(angle_between(found.pose.particle_from_ref, truth.particle_from_ref), 1.5 * degree);
    EXPECT_LT((found.pose.shift_voxels - truth.shift_voxels).norm(), 0.1);
  }
}

TEST(TranslationSearch, FindsTheShiftOfAllShifts) {  // oracle: score_pose at every integer shift
  const Scene scene;
  const Pose truth{synthetic::random_pose(3, 1, 0).particle_from_ref, {2, -1, 3}};
  const HalfSpectrum x = scene.spectrum(truth, 0.3, 1);
  const auto particle = weighted_particle(scene.components, x.data(), scene.variance, scene.power);
  const auto peak = search_shift(particle, scene.reference, truth.particle_from_ref, 5)[0];
  double best = -1e300;
  Vec3 at;
  for (int z = -5; z <= 5; ++z)
    for (int y = -5; y <= 5; ++y)
      for (int i = -5; i <= 5; ++i) {
        const Vec3 t{double(i), double(y), double(z)};
        if (t.norm() > 5) continue;
        const double cross = score_pose(particle, scene.reference, {truth.particle_from_ref, t}).cross;
        if (cross > best) {
          best = cross;
          at = t;
        }
      }
  EXPECT_LT((peak.shift_voxels - at).norm(), 0.9);  // within half a voxel along each axis
  EXPECT_LT((peak.shift_voxels - truth.shift_voxels).norm(), 0.3);
  const auto limited = search_shift(particle, scene.reference, truth.particle_from_ref, 2)[0];
  EXPECT_LE(limited.shift_voxels.norm(), 2 + 1e-9);
}

TEST(FourierWeight, HalfAndWholeVolumesAgree) {
  const Volume<float> whole = synthetic::wedge(box, 50);
  const FourierWeight a = FourierWeight::from_volume(whole), b = FourierWeight::from_volume(a.half());
  for (int64_t i = 0; i < a.half().size(); ++i) ASSERT_EQ(a.half()[i], b.half()[i]);
  EXPECT_EQ(a.sample(5, 0, 0).data, 1.0f);
  EXPECT_EQ(a.sample(-5, 0, 0).data, 1.0f);
  EXPECT_EQ(a.sample(0, 0, 5).data, 0.0f);
}

}  // namespace
}  // namespace tessera
