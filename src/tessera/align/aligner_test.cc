// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/aligner.h"

#include <gtest/gtest.h>

#include "tessera/base/errors.h"
#include "tessera/volume/shells.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

constexpr int64_t box = 32, band = 10;

class SearchBy : public testing::TestWithParam<const char*> {};

TEST_P(SearchBy, RecoversPosesOfNoisyWedgedParticles) {
  const auto phantom = synthetic::make_phantom(9, 60, 11);
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  const Volume<float> truth = synthetic::render(phantom, box, {});
  const PaddedSpectrum reference(truth, band + 1);
  AlignOptions options;
  options.search = GetParam();
  options.max_shift_voxels = 3;
  const RotationSearch search = make_search(box, search_grid(box, 8, 11, options), options);
  const double snr = 0.1, variance = statistics(truth).variance / snr * double(truth.size()) / 2;
  const Aligner aligner(search, reference, {&weight}, band, std::vector<double>(shell_count(box), variance), options);
  Aligner::Workspace work;
  for (int item = 0; item < 6; ++item) {
    const Pose pose = synthetic::random_pose(5, item, 2);
    const Volume<float> volume = synthetic::particle(phantom, box, pose, weight, snr, 5, item);
    PreparedParticle particle{centred_spectrum(volume), search.sample_particle(PaddedSpectrum(volume, 9), weight), {}};
    const auto found = aligner.align(particle, 0, std::nullopt, -1, work);
    EXPECT_LT(angle_between(found[0].pose.particle_from_ref, pose.particle_from_ref), 4 * degree) << item;
    EXPECT_LT((found[0].pose.shift_voxels - pose.shift_voxels).norm(), 0.4) << item;
    for (size_t i = 1; i < found.size(); ++i) EXPECT_GE(found[i - 1].score.correlation(), found[i].score.correlation());
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, SearchBy, testing::Values("phases", "magnitudes", "both"));

TEST(RotationSearch, ScoreIsTheNormalisedCorrelationAtItsRotation) {  // oracle: brute force at the grid's rotations
  const auto phantom = synthetic::make_phantom(6, 40, 12, 2.0);
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  const PaddedSpectrum reference(synthetic::render(phantom, box, {}), band + 1);
  AlignOptions options;
  const int shells = 6;
  const RotationSearch search(box, 16, shells, {{0, 0, 0}});
  const std::vector<double> variance(shell_count(box), 50.0);
  const Aligner aligner(search, reference, {&weight}, shells, variance, options);
  std::vector<float> shell_weight;
  for (int s = 1; s <= shells; ++s) shell_weight.push_back(float(s * s / 50.0));
  const auto harmonics = search.prepare_reference(reference);
  const auto denominator = search.denominator(weight, harmonics, shell_weight);
  const Pose pose = synthetic::random_pose(6, 1, 0);
  const Volume<float> volume = synthetic::particle(phantom, box, pose, weight, 1e9, 6, 1);
  const auto samples = search.sample_particle(PaddedSpectrum(volume, shells + 1), weight);
  RotationSearch::Workspace work;
  const auto found = search.search_phases(samples, harmonics, denominator, shell_weight, {}, 8, 0.3, work);
  ASSERT_GE(found.size(), 2u);
  PreparedParticle particle{centred_spectrum(volume), samples, {}};
  const double top = aligner.score(particle, 0, {found[0].particle_from_ref, {}}).correlation();
  EXPECT_LT(angle_between(found[0].particle_from_ref, pose.particle_from_ref), search.correlator().step());
  for (const auto& c : found) {  // shells by quadrature against the sum over the cubic lattice: alike to some per cent
    const double direct = aligner.score(particle, 0, {c.particle_from_ref, {}}).correlation();
    EXPECT_NEAR(c.score / found[0].score, direct / top, 0.08);
  }
}

TEST(TranslationBall, CoversTheBallWithFewPoints) {
  const double radius = 5, covering = 1.2;
  const auto points = translation_ball(radius, covering);
  EXPECT_EQ(points.front().norm(), 0);
  const double spacing = 4 / std::sqrt(5.0) * covering;
  EXPECT_LT(double(points.size()), 1.3 * (4.0 / 3 * pi * radius * radius * radius) / (spacing * spacing * spacing / 2));
  Random random(3, "points");
  for (int i = 0; i < 2000; ++i) {
    const Vec3 p{random.uniform(-3, 3), random.uniform(-3, 3), random.uniform(-3, 3)};
    if (p.norm() > radius - covering) continue;
    double nearest = 1e9;
    for (const Vec3& t : points) nearest = std::min(nearest, (t - p).norm());
    EXPECT_LE(nearest, covering + 1e-9);
  }
}

TEST(AlignOptions, UnknownSearchIsAUserError) {
  AlignOptions options;
  options.search = "phase";
  EXPECT_THROW(options.mode(), UserError);
}

}  // namespace
}  // namespace tessera
