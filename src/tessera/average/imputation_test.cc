// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of the M-step as printed, each against its equation; average/paper_em_test.cc puts them together.
#include "tessera/average/imputation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/average/shift_prior.h"
#include "tessera/average/similarity.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

HalfSpectrum random_spectrum(int64_t box, uint64_t seed) {
  Random random(seed, "spectrum");
  Volume<float> out(Shape3::cube(box));
  for (float& v : out) v = static_cast<float>(random.normal());
  return centred_spectrum(out);
}

struct Placed {
  PaddedSpectrum spectrum;
  Pose pose;
  double probability;
};

// Eq. 10 written out, component by component; w² where the wedge's edge falls between components (imputation.h).
TEST(Imputation, IsEquation10) {
  constexpr int64_t box = 16, limit = 7;
  const FourierWeight wedge = FourierWeight::from_volume(synthetic::wedge(box, 50));
  const HalfSpectrum old = random_spectrum(box, 100);
  std::vector<Placed> placed;
  Accumulator sums(box);
  double total = 0;
  for (uint64_t i = 0; i < 5; ++i) {
    placed.push_back({PaddedSpectrum(random_spectrum(box, i), limit), synthetic::random_pose(3, i, 2),
                      0.1 + 0.2 * static_cast<double>(i)});
    sums.add(placed.back().spectrum, wedge, placed.back().pose, placed.back().probability, 0, box);
    total += placed.back().probability;
  }
  impute(sums, total, 1, old, limit);
  double largest = 0;
  for_each_frequency(old, [&](int64_t at, int64_t kz, int64_t ky, int64_t kx) {
    std::complex<double> expected = 0;
    const Vec3 k{static_cast<double>(kx), static_cast<double>(ky), static_cast<double>(kz)};
    if (k.norm() > limit) {
      EXPECT_EQ(sums.weight[at], 0);
      return;
    }
    for (const Placed& one : placed) {
      const Vec3 q = one.pose.particle_from_ref * k;
      const auto x = static_cast<float>(q.x), y = static_cast<float>(q.y), z = static_cast<float>(q.z);
      const double w = wedge.sample(x, y, z).data;
      const auto phase = std::polar(1.0, 2 * pi * q.dot(one.pose.shift_voxels) / box);
      expected += one.probability * (w * std::complex<double>(one.spectrum.sample(x, y, z)) * phase +
                                     (1 - w * w) * std::complex<double>(old.data()[at]));
    }
    const auto found = std::complex<double>(sums.numerator.data()[at]) / static_cast<double>(sums.weight[at]);
    EXPECT_NEAR(sums.weight[at], total, 1e-5 * total);
    largest = std::max(largest, std::abs(found - expected / total));
  });
  EXPECT_LT(largest, 1e-3) << "components are of size 64: single precision";
}

TEST(Imputation, RepeatedReachesTheWeightedMeanAndLeavesTheUnseenAlone) {
  constexpr int64_t box = 16, limit = 7;
  const FourierWeight wedge = FourierWeight::from_volume(synthetic::wedge(box, 60));
  Accumulator sums(box);
  double total = 0;
  for (uint64_t i = 0; i < 2; ++i) {
    sums.add(PaddedSpectrum(random_spectrum(box, i), limit), wedge, synthetic::random_pose(8, i, 1), 0.5, 0, box);
    total += 0.5;
  }
  const HalfSpectrum start = random_spectrum(box, 9);
  HalfSpectrum map = start;
  const std::vector<double> none(box, 0.0);
  for (int i = 0; i < 60; ++i) {
    Accumulator completed = sums;
    impute(completed, total, 1, map, limit);
    map = solve(completed, none, limit);
  }
  for_each_frequency(start, [&](int64_t at, int64_t kz, int64_t ky, int64_t kx) {
    if (kz * kz + ky * ky + kx * kx > limit * limit) return;
    const float w = sums.weight[at];
    if (w == 0) {
      EXPECT_EQ(map.data()[at], start.data()[at]);
    } else if (w > 0.3 * total) {  // 0.7^60 is 5·10⁻¹⁰
      EXPECT_LT(std::abs(map.data()[at] - sums.numerator.data()[at] / w), 1e-3);
    }
  });
}

TEST(ImputedVariance, IsEquation12WithItsFixedPoint) {
  double variance = 10;
  for (int i = 0; i < 200; ++i) variance = imputed_variance(300, 100, 150, variance);
  EXPECT_NEAR(variance, 3, 1e-9) << "residual over observed";
  EXPECT_DOUBLE_EQ(imputed_variance(300, 100, 150, 6), (300 + 50 * 6.0) / 150);
  EXPECT_DOUBLE_EQ(imputed_variance(0, 0, 0, 6), 6) << "nothing to go by";
}

TEST(ShiftPrior, IsANormalDensityWithTheDeviationOfEquation13) {
  // Integrates to 1 over a cube of ±6 standard deviations, by the midpoint rule.
  const double deviation = 1.5, step = 0.25;
  double sum = 0;
  for (double x = -9 + step / 2; x < 9; x += step)
    for (double y = -9 + step / 2; y < 9; y += step)
      for (double z = -9 + step / 2; z < 9; z += step)
        sum += std::exp(shift_log_prior({x, y, z}, deviation)) * step * step * step;
  EXPECT_NEAR(sum, 1, 1e-6);
  std::vector<std::vector<WeightedPose>> poses(4000);
  Random random(5, "shifts");
  for (auto& one : poses)
    for (const double probability : {0.25, 0.75})
      one.push_back({{{}, Vec3{random.normal(), random.normal(), random.normal()} * deviation}, probability, 0});
  EXPECT_NEAR(shift_deviation(poses, 0), deviation, 5 * deviation / std::sqrt(2.0 * 3 * 4000));
  EXPECT_EQ(shift_deviation({{{{}, 1.0, 0}}}, 0.5), 0.5) << "every shift 0";
}

FoldSums random_sums(int64_t box, int folds, uint64_t seed, float scale) {
  FoldSums out;
  Random random(seed, "sums");
  for (int f = 0; f < folds; ++f) {
    Accumulator& one = out.folds.emplace_back(box);
    for (int64_t i = 0; i < one.numerator.size(); ++i) {
      one.numerator.data()[i] = {static_cast<float>(random.normal()), static_cast<float>(random.normal())};
      one.weight[i] = scale * static_cast<float>(random.uniform(0.5, 1.0));
    }
  }
  return out;
}

TEST(HoldAlike, PullsClassesTogetherAndLeavesTheirMean) {
  const auto at = [](const std::vector<FoldSums>& classes, int k) {
    const Accumulator all = classes[k].all();
    return all.numerator.data()[17] / all.weight[17];
  };
  const auto mean = [](const std::vector<FoldSums>& classes) {
    std::complex<float> numerator;
    float weight = 0;
    for (const FoldSums& one : classes) {
      const Accumulator all = one.all();
      numerator += all.numerator.data()[17];
      weight += all.weight[17];
    }
    return numerator / weight;
  };
  const std::vector<FoldSums> classes = {random_sums(8, 4, 1, 1), random_sums(8, 4, 2, 2), random_sums(8, 4, 3, 1)};
  auto same = classes, held = classes, merged = classes;
  hold_alike(same, 0);
  hold_alike(held, 3);
  hold_alike(merged, 1e5);
  EXPECT_EQ(at(same, 1), at(classes, 1));
  EXPECT_LT(std::abs(at(held, 0) - at(held, 1)), 0.6 * std::abs(at(classes, 0) - at(classes, 1)));
  EXPECT_LT(std::abs(at(merged, 0) - at(merged, 2)), 1e-3);
  for (const auto* one : {&held, &merged}) EXPECT_LT(std::abs(mean(*one) - mean(classes)), 1e-4);
  // r = 3 over K = 3 adds each class's sums once to every other: for equal weights the formula of the paper,
  // (w A_k + λ Σ A) / (w + Kλ) with λ = w.
  auto equal = classes;
  for (FoldSums& one : equal)
    for (Accumulator& fold : one.folds)
      for (float& w : fold.weight) w = 1;
  const auto first = at(equal, 0), all = first + at(equal, 1) + at(equal, 2);
  hold_alike(equal, 3);
  EXPECT_LT(std::abs(at(equal, 0) - (first + all) / 4.0f), 1e-5);
}

TEST(HoldAlike, IsAnnealedToNothing) {
  EXPECT_DOUBLE_EQ(annealed_strength(5, 4, 0), 5);
  EXPECT_DOUBLE_EQ(annealed_strength(5, 4, 3), 1.25);
  EXPECT_DOUBLE_EQ(annealed_strength(5, 4, 4), 0);
  EXPECT_DOUBLE_EQ(annealed_strength(5, 0, 0), 0);
}

}  // namespace
}  // namespace tessera
