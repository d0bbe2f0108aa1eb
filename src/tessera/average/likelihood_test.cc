// SPDX-License-Identifier: GPL-3.0-or-later
// The log-likelihood that scores poses is that of white noise in real space: the unit of σ² and the count of the
// mirrored half must agree, or the posterior is too sharp.
#include <gtest/gtest.h>

#include <cmath>

#include "tessera/average/expectation.h"
#include "tessera/average/particle_stack.h"
#include "tessera/base/units.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

constexpr int64_t box = 24, band = 8;
constexpr double voxel_variance = 2.5, voxels = box * box * box;

Volume<float> noise(uint64_t item, double variance) {
  Random random(1, "noise", item);
  Volume<float> out(Shape3::cube(box));
  for (float& v : out) v = static_cast<float>(std::sqrt(variance) * random.normal());
  return out;
}

// Two blobs, nothing outside the components that are scored: 1 ≤ |k| ≤ band.
Volume<float> signal() {
  Volume<float> out(Shape3::cube(box));
  const auto blob = [](double dx, double dy, double dz, double variance) {
    return std::exp(-0.5 * (dx * dx + dy * dy + dz * dz) / variance);
  };
  for (int64_t z = 0, i = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x, ++i)
        out[i] = static_cast<float>(3 * blob(x - 14.0, y - 11.0, z - 13.0, 6) - blob(x - 9.0, y - 13.0, z - 10.0, 5));
  HalfSpectrum spectrum = centred_spectrum(out);
  for_each_frequency(spectrum, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    const int64_t square = z * z + y * y + x * x;
    if (square < 1 || square > band * band) spectrum.data()[i] = 0;
  });
  return centred_volume(spectrum);
}

// log p(x | y) − log p(x | 0) = Σ (x y − ½ y²)/v over the voxels.
TEST(LogLikelihood, IsThatOfWhiteNoiseInRealSpace) {
  const Volume<float> y = signal();
  const FourierWeight everything = FourierWeight::uniform(box);
  const ObservedComponents components(everything, band);
  const std::vector<double> variance(shell_count(box), voxels * voxel_variance);  // E|N|²
  const auto power = power_weights(components, variance);
  const PaddedSpectrum reference(y, band + 1);
  for (uint64_t item = 0; item < 5; ++item) {
    Volume<float> x = noise(item, voxel_variance);
    double expected = 0;
    for (int64_t i = 0; i < x.size(); ++i) {
      x[i] += y[i];
      expected += (static_cast<double>(x[i]) * y[i] - 0.5 * static_cast<double>(y[i]) * y[i]) / voxel_variance;
    }
    const HalfSpectrum spectrum = centred_spectrum(x);
    const auto particle = weighted_particle(components, spectrum.data(), variance, power);
    // The reference is read at grid points, where the gridding correction is not undone: a per cent. The error that
    // this test is about is a factor of two.
    EXPECT_NEAR(score_pose(particle, reference, {}).log_likelihood_ratio() / expected, 1, 0.02);
  }
}

// Pure noise leaves its own variance: about 2π s² independent complex components in shell s of each of 20 particles.
TEST(NoiseFromResiduals, IsTheVarianceOfTheComplexComponent) {
  const FourierWeight everything = FourierWeight::uniform(box);
  const ObservedComponents components(everything, box / 2 - 1);
  std::vector<Assignment> assignments(20);
  for (size_t i = 0; i < assignments.size(); ++i) {
    Assignment& a = assignments[i];
    a.residual.assign(shell_count(box), 0);
    const HalfSpectrum spectrum = centred_spectrum(noise(i, voxel_variance));
    for (size_t k = 0; k < components.size(); ++k) {
      a.residual[components.shell[k]] += std::norm(spectrum.data()[components.index[k]]);
    }
  }
  std::vector<double> observed(shell_count(box));
  for (const int32_t shell : components.shell) ++observed[shell];
  const std::vector<const std::vector<double>*> counts(assignments.size(), &observed);
  const auto variance = noise_from_residuals(assignments, counts, std::vector<double>(shell_count(box), 1.0), true, 1);
  for (int64_t s = 1; s < box / 2; ++s)
    EXPECT_NEAR(variance[s] / (voxels * voxel_variance), 1, 5 / std::sqrt(20 * 2 * pi * static_cast<double>(s * s)))
        << s;
  const auto one = noise_from_residuals(assignments, counts, std::vector<double>(shell_count(box), 1.0), false, 1);
  EXPECT_NEAR(one[3] / (voxels * voxel_variance), 1, 0.03);
  EXPECT_EQ(one[3], one[9]);
}

// Particles of noise alone, brought to variance 1 and masked: E|N|² = n³ before the mask.
TEST(ObservedVariance, IsThatBeforeTheMask) {
  Threads threads(2);
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink};
  ParticleSource source;
  source.count = 30;
  source.box = box;
  source.load = [](int64_t i) { return noise(static_cast<uint64_t>(i), 7); };
  const ParticleStack stack(source, 7, context);
  double expected = 0;
  for (const float m : soft_sphere(Shape3::cube(box), 7, 3)) expected += static_cast<double>(m) * m;
  EXPECT_NEAR(stack.noise_share(), expected / voxels, 1e-6);
  const auto variance = stack.observed_variance();
  // The mask correlates neighbouring components: fewer independent ones, by about Σm²/n³.
  for (int64_t s = 3; s < box / 2; ++s)
    EXPECT_NEAR(variance[s] / voxels, 1, 5 / std::sqrt(30 * 2 * pi * static_cast<double>(s * s) * expected / voxels))
        << s;
}

}  // namespace
}  // namespace tessera
