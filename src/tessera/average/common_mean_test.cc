// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/common_mean.h"

#include <gtest/gtest.h>

#include "tessera/align/compare.h"
#include "tessera/average/averager.h"
#include "tessera/volume/masks.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

constexpr int64_t box = 24, band = 10;

// Particles of two structures at known poses, summed class by class.
struct Scene {
  Scene(const synthetic::Phantom& first, const synthetic::Phantom& second, int of_first, int of_second, double snr)
      : structures{first, second} {
    const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
    ParticleSource source;
    source.count = of_first + of_second;
    source.box = box;
    source.voxel_size_A = 10;
    source.weights.push_back(weight);
    std::vector<std::vector<WeightedPose>> poses;
    std::vector<int> fold;
    for (int i = 0; i < source.count; ++i) {
      poses.push_back({{synthetic::random_pose(1, i, 1), 1.0, i < of_first ? 0 : 1}});
      fold.push_back(i % 4);
    }
    source.load = [&](int64_t i) {
      return synthetic::particle(structures[i < of_first ? 0 : 1], box, poses[i][0].pose, weight, snr, 1, i);
    };
    const ParticleStack stack(source, stack_mask_radius(box, 10, options), context);
    sums = accumulate(stack, poses, fold, 4, 2, band, context);
  }

  // What particles of fold 0 see of a class: pulled to the mean, or alone.
  Volume<float> pulled(int k) const {
    const CommonMean mean = CommonMean::of(sums, mask);
    const HalfSpectrum about = fold_reference(mean.sums, 0, mean.resolution.ridge, 4, band);
    return centred_volume(fold_reference(sums[k], 0, mean.ridge[k], 4, band, &about));
  }
  Volume<float> alone(int k) const {
    return centred_volume(fold_reference(sums[k], 0, measure_resolution(sums[k], mask, true).ridge, 4, band));
  }
  Volume<float> truth(int k) const { return synthetic::render(structures[k], box, {}); }

  Threads threads{2};
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink, 7};
  AverageOptions options;
  Volume<float> mask = soft_sphere(Shape3::cube(box), 8, 2);
  synthetic::Phantom structures[2];
  std::vector<FoldSums> sums;
};

Volume<float> minus(Volume<float> a, const Volume<float>& b) {
  for (int64_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

TEST(CommonMean, TheSmallerOfTwoClassesAlikeGainsByTheOther) {
  const auto phantom = synthetic::make_phantom(5.5, 40, 31, 1.6);
  const Scene scene(phantom, phantom, 120, 12, 0.02);
  const double alone = masked_correlation(scene.alone(1), scene.truth(1), scene.mask),
               pulled = masked_correlation(scene.pulled(1), scene.truth(1), scene.mask);
  EXPECT_GT(pulled, alone + 0.5 * (1 - alone));
}

TEST(CommonMean, ClassesWithNothingInCommonAreLeftAsTheyWere) {
  const Scene scene(synthetic::make_phantom(5.5, 40, 31, 1.6), synthetic::make_phantom(5.5, 25, 77, 1.6), 60, 40, 0.2);
  for (int k = 0; k < 2; ++k) EXPECT_GT(masked_correlation(scene.alone(k), scene.pulled(k), scene.mask), 0.97) << k;
}

TEST(CommonMean, KeepsByWhatClassesDiffer) {
  const auto phantom = synthetic::make_phantom(5.5, 40, 31, 1.6);
  auto capped = phantom;
  for (int i = 0; i < 12; ++i) capped.centres.push_back({0.5 * i - 3, 0.3 * i - 2, 5});
  const Scene scene(phantom, capped, 100, 60, 0.05);
  const Volume<float> difference = minus(scene.truth(1), scene.truth(0));
  const double alone = masked_correlation(minus(scene.alone(1), scene.alone(0)), difference, scene.mask),
               pulled = masked_correlation(minus(scene.pulled(1), scene.pulled(0)), difference, scene.mask);
  EXPECT_GT(pulled, 0.8);
  EXPECT_GT(pulled, alone - 0.01);
  EXPECT_GT(masked_correlation(scene.pulled(1), scene.truth(1), scene.mask),
            masked_correlation(scene.alone(1), scene.truth(1), scene.mask));
}

TEST(CommonMean, ClassesAreTurnedIntoTheFrameOfTheLargest) {
  const auto phantom = synthetic::make_phantom(5.5, 40, 31, 1.6);
  const synthetic::Phantom pair{{{-6, 0, 0}, {6, 0, 0}}, 1.6};
  const Pose turned = synthetic::random_pose(5, 1, 2);
  const std::vector<Volume<float>> maps = {synthetic::render(phantom, box, turned), synthetic::render(phantom, box, {}),
                                           synthetic::render(phantom, box, {}), synthetic::render(phantom, box, turned),
                                           synthetic::render(pair, box, {{}, {3, 0, 0}})};
  Threads threads(2);
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink, 7};
  const auto turns = turns_into_one_frame(maps, {0.2, 0.4, 0.2, 0, 0.2}, 4, context);
  ASSERT_TRUE(turns[0]);
  EXPECT_FALSE(turns[1]) << "the largest stays";
  EXPECT_FALSE(turns[2]) << "lies so already";
  EXPECT_FALSE(turns[3]) << "an empty class";
  EXPECT_FALSE(turns[4]) << "another structure";
  EXPECT_LT(angle_between(turns[0]->particle_from_ref, turned.particle_from_ref.inverse()), 1 * degree);
  EXPECT_GT(correlation(maps[1], transformed_map(maps[0], *turns[0])), 0.99);
}

TEST(CommonMean, UnobservedComponentsAreThoseOfTheMean) {
  Accumulator sums(8);
  HalfSpectrum mean(Shape3::cube(8));
  Random random(3, "components");
  for (int64_t i = 0; i < mean.size(); ++i) {
    mean.data()[i] = {static_cast<float>(random.normal()), static_cast<float>(random.normal())};
    if (i % 3 == 0) continue;
    sums.weight[i] = static_cast<float>(random.uniform(0.5, 2));
    sums.numerator.data()[i] = {static_cast<float>(random.normal()), static_cast<float>(random.normal())};
  }
  const std::vector<double> ridge = {0.1, 0.2, 0.3, 0.4, 0.5};
  const HalfSpectrum out = solve(sums, ridge, 3, &mean);
  for_each_frequency(out, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    const auto shell = std::lround(std::sqrt(static_cast<double>(z * z + y * y + x * x)));
    const auto r = shell < 5 ? static_cast<float>(ridge[shell]) : 0.0f;
    const std::complex<float> expected = shell > 3 ? 0.0f
                                         : sums.weight[i] == 0
                                             ? mean.data()[i]
                                             : (sums.numerator.data()[i] + r * mean.data()[i]) / (sums.weight[i] + r);
    EXPECT_LT(std::abs(out.data()[i] - expected), 1e-5f) << z << ' ' << y << ' ' << x;
  });
}

}  // namespace
}  // namespace tessera
