// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/aligner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

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

// The search as published: every shell, a window of ±20°, nothing refined. The grid's step and the pixel limit it.
TEST(WholeBandSearch, FindsPosesToTheStepOfItsGrid) {
  const auto phantom = synthetic::make_phantom(9, 40, 11, 1.2);
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  const Volume<float> truth = synthetic::render(phantom, box, {});
  const int64_t top = box / 2 - 1;
  const PaddedSpectrum reference(truth, top + 1);
  AlignOptions options;
  options.search = "magnitudes";
  options.mean_removed = false;
  options.bandwidth = 36;
  options.whole_band = true;
  options.candidates = 50;
  options.maxima_window_deg = 20;
  options.refine = false;
  const SearchGrid grid = search_grid(box, top, 11, options);
  EXPECT_EQ(grid.shells, top);
  const RotationSearch search = make_search(box, grid, options);
  const double variance = statistics(truth).variance / 0.3 * double(truth.size());
  const Aligner aligner(search, reference, {&weight}, top, std::vector<double>(shell_count(box), variance), options);
  Aligner::Workspace work;
  for (int item = 0; item < 4; ++item) {
    const Pose pose = synthetic::random_pose(5, item, 2);
    const Volume<float> volume = synthetic::particle(phantom, box, pose, weight, 0.3, 5, item);
    PreparedParticle particle{
        centred_spectrum(volume), search.sample_particle(PaddedSpectrum(volume, box / 2), weight), {}};
    const auto found = aligner.align(particle, 0, std::nullopt, -1, work);
    EXPECT_LT(angle_between(found[0].pose.particle_from_ref, pose.particle_from_ref), 5 * degree) << item;
    EXPECT_LT((found[0].pose.shift_voxels - pose.shift_voxels).norm(), 0.5) << item;
    EXPECT_GT(found.size(), 10u);
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

// Oracle: every grid point compared with those whose rotations have angles within the window, found by rotation.
TEST(RotationSearch, MaximaOfAWindowAreTheGreatestWithinItInEveryAngle) {
  const auto phantom = synthetic::make_phantom(6, 30, 13, 2.0);
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  const int bandwidth = 8, shells = 5, reach = 2;
  const RotationSearch search(box, bandwidth, shells, {{0, 0, 0}});
  const auto reference = search.prepare_reference(PaddedSpectrum(synthetic::render(phantom, box, {}), 8), false);
  const std::vector<float> shell_weight(shells, 1);
  const auto denominator = search.denominator(weight, reference, shell_weight);
  const Volume<float> volume = synthetic::particle(phantom, box, synthetic::random_pose(7, 1, 0), weight, 0.2, 7, 1);
  const auto samples = search.sample_particle(PaddedSpectrum(volume, 8), weight);
  const So3Correlator& grid = search.correlator();
  RotationSearch::Workspace work;
  const auto found = search.search_magnitudes(samples, weight, reference, denominator, shell_weight, false, 1000, 1e-6,
                                              work, reach * grid.step() * 1.01);
  const auto key = [](const Rotation& r) {
    const double sign = r.w() > 1e-6 || (r.w() > -1e-6 && (r.x() > 1e-6 || (r.x() > -1e-6 && r.y() > 0))) ? 1 : -1;
    const auto whole = [&](double value) { return std::lround(sign * value * 1e4); };
    return std::array{whole(r.w()), whole(r.x()), whole(r.y()), whole(r.z())};
  };
  std::map<std::array<long, 4>, float> score;
  for (int64_t i = 0; i < grid.grid_size(); ++i) score[key(grid.rotation(i))] = work.best[i];
  std::vector<float> expected;
  for (int64_t i = 0; i < grid.grid_size(); ++i) {
    const int64_t k = i % 16, m = i / 16 % 16, j = i / 256;
    bool greatest = true;
    for (int a = -reach; a <= reach; ++a)
      for (int b = -reach; b <= reach; ++b)
        for (int c = -reach; c <= reach; ++c) {
          const auto near = score.find(key(Rotation::from_euler(
              {grid.step() * double(m + a), grid.step() * (double(j + b) + 0.5), grid.step() * double(k + c)})));
          ASSERT_NE(near, score.end());
          greatest = greatest && near->second <= work.best[i];
        }
    if (greatest) expected.push_back(work.best[i]);
  }
  std::sort(expected.rbegin(), expected.rend());
  ASSERT_EQ(found.size(), expected.size());
  EXPECT_GE(found.size(), 5u);
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].score, expected[i]);
  EXPECT_LT(found.back().score, found.front().score);
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
