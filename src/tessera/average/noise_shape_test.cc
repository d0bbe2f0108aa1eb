// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/noise_shape.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/align/compare.h"
#include "tessera/average/at_poses.h"
#include "tessera/average/judged_maps.h"
#include "tessera/average/particle_stack.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

constexpr int64_t box = 32;

double off_axis(double x, double y, double z) {
  const double k = std::sqrt(x * x + y * y + z * z);
  return k > 0 ? std::sqrt(x * x + z * z) / k : 0;
}
double uneven(double u) {
  return 0.15 + 1.3 * u * u;
}

// White noise made uneven within shells, where `weight` sees anything.
HalfSpectrum noise_of(uint64_t seed, const FourierWeight& weight) {
  Random random(seed, "noise");
  Volume<float> white(Shape3::cube(box));
  for (float& v : white) v = static_cast<float>(random.normal());
  HalfSpectrum out = centred_spectrum(white);
  for_each_frequency(out, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    const double u = off_axis(static_cast<double>(x), static_cast<double>(y), static_cast<double>(z));
    out.data()[i] *= weight.half()[i] != 0 ? static_cast<float>(std::sqrt(uneven(u))) : 0.0f;
  });
  return out;
}

// Σ|X|² over that of white noise, by thirds of u, over the mean, in shells 4 to 13.
std::vector<double> by_third(const std::vector<const HalfSpectrum*>& spectra, const ObservedComponents& seen) {
  std::vector<double> power(3), count(3);
  for (const HalfSpectrum* spectrum : spectra)
    for (size_t k = 0; k < seen.size(); ++k) {
      if (seen.shell[k] < 4 || seen.shell[k] > 13) continue;
      const int third = std::min(2, static_cast<int>(3 * off_axis(seen.x[k], seen.y[k], seen.z[k])));
      power[third] += std::norm(spectrum->data()[seen.index[k]]);
      count[third] += seen.noise_factor(k);
    }
  const double mean = (power[0] + power[1] + power[2]) / (count[0] + count[1] + count[2]);
  for (int i = 0; i < 3; ++i) power[i] /= count[i] * mean;
  return power;
}

TEST(NoiseShape, GainsUndoTheUnevennessOfNoise) {
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  const ObservedComponents seen(weight, box / 2);
  NoiseShape::Sums all;
  for (uint64_t i = 0; i < 60; ++i) all.add(NoiseShape::sums(noise_of(i, weight), seen));
  const std::vector<float> gains = NoiseShape(all).gains(box);
  // The power that is left, of every component: even within each shell.
  std::vector<double> mean(box / 2 + 1), count(box / 2 + 1);
  const auto left = [&](size_t k) {
    return std::pow(gains[seen.index[k]], 2.0) * uneven(off_axis(seen.x[k], seen.y[k], seen.z[k]));
  };
  for (size_t k = 0; k < seen.size(); ++k) mean[seen.shell[k]] += left(k), ++count[seen.shell[k]];
  for (size_t k = 0; k < seen.size(); ++k) {
    if (seen.shell[k] < 4 || off_axis(seen.x[k], seen.y[k], seen.z[k]) < 0.1) continue;
    EXPECT_NEAR(left(k) * count[seen.shell[k]] / mean[seen.shell[k]], 1, 0.2) << seen.shell[k];
  }
  // The mean power of a shell stays what it was, within what the harmonic mean of ν differs from 1.
  for (size_t s = 4; s + 1 < mean.size(); ++s) EXPECT_NEAR(mean[s] / count[s], 1, 0.1) << s;
}

TEST(NoiseShape, LeavesWhiteNoiseAndEmptyShellsAsTheyAre) {
  const FourierWeight weight = FourierWeight::uniform(box);
  const ObservedComponents seen(weight, box / 2);
  NoiseShape::Sums all;
  for (uint64_t i = 0; i < 60; ++i) {
    Random random(i, "white");
    Volume<float> white(Shape3::cube(box));
    for (float& v : white) v = static_cast<float>(random.normal());
    HalfSpectrum spectrum = centred_spectrum(white);
    for (size_t k = 0; k < seen.size(); ++k)
      if (seen.shell[k] > 9) spectrum.data()[seen.index[k]] = 0;
    all.add(NoiseShape::sums(spectrum, seen));
  }
  for (const float gain : NoiseShape(all).gains(box)) EXPECT_NEAR(gain, 1, 0.1);
  for (const float gain : NoiseShape(NoiseShape::Sums{}).gains(box)) EXPECT_EQ(gain, 1);
}

// Particles of a phantom in uneven noise, every second one premultiplied with a weight that varies.
struct Set {
  explicit Set(double noise) {
    Volume<float> varying = synthetic::wedge(box, 60);
    for (int64_t z = 0, i = 0; z < box; ++z)
      for (int64_t y = 0; y < box; ++y)
        for (int64_t x = 0; x < box; ++x, ++i)
          varying[i] *=
              static_cast<float>(0.6 + 0.4 * std::cos(0.01 * (std::pow(z - box / 2, 2) + std::pow(y - box / 2, 2))));
    const FourierWeight plain = FourierWeight::from_volume(synthetic::wedge(box, 60));
    source.weights = {plain, FourierWeight::from_volume(varying, ParticleData::premultiplied)};
    const std::vector<FourierWeight> weights = source.weights;
    source.count = 60;
    source.box = box;
    source.voxel_size_A = 10;
    for (int i = 0; i < source.count; ++i) {
      source.group.push_back(i % 2);
      poses.push_back({synthetic::random_pose(1, i, 1.5)});
    }
    source.load = [this, noise, weights](int64_t i) {
      const FourierWeight& h = weights[i % 2];
      HalfSpectrum out = centred_spectrum(synthetic::render(phantom, box, poses[i].pose));
      const HalfSpectrum added = noise_of(static_cast<uint64_t>(i), h);
      for (int64_t k = 0; k < out.size(); ++k) {
        const auto x = h.half()[k] * out.data()[k] + static_cast<float>(noise) * added.data()[k];
        out.data()[k] = h.premultiplied() ? h.half()[k] * x : x;
      }
      return centred_volume(std::move(out));
    };
  }
  ParticleStack stack(bool whitened, double memory_bytes = 1e300) {
    return {source,
            {.mask_radius = stack_mask_radius(box, 10, options), .memory_bytes = memory_bytes, .whitened = whitened},
            context};
  }
  double correlation_at_poses(const ParticleStack& stack) {
    const Volume<float> truth = synthetic::render(phantom, box, {});
    return masked_correlation(average_at_poses(stack, poses, options, context)[0].map, truth,
                              soft_sphere(truth.shape(), 8, 2));
  }

  synthetic::Phantom phantom = synthetic::make_phantom(5.5, 40, 31, 1.6);
  std::vector<WeightedPose> poses;
  ParticleSource source;
  AverageOptions options;
  Threads threads{2};
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink, 7};
};

TEST(NoiseShape, AStackHandsOutWhiteNoiseAndAveragesBetter) {
  Set set(8.0);
  const ParticleStack raw = set.stack(false), white = set.stack(true);
  for (const int group : {0, 1}) {
    std::vector<std::shared_ptr<const PreparedParticle>> held;
    const auto spread = [&](const ParticleStack& stack) {
      std::vector<const HalfSpectrum*> spectra;
      for (int64_t i = group; i < stack.count(); i += 2)
        spectra.push_back(&held.emplace_back(stack.particle(i))->spectrum);
      return by_third(spectra, ObservedComponents(*stack.weights()[group], box / 2));
    };
    EXPECT_LT(spread(raw)[0], 0.5);
    // One shape for both: where H varies, the mask carries more from strong components to their weak neighbours.
    for (const double third : spread(white)) EXPECT_NEAR(third, 1, 0.1);
  }
  const double before = set.correlation_at_poses(raw), after = set.correlation_at_poses(white);
  EXPECT_LT(1 - after, 0.9 * (1 - before)) << before;
}

TEST(NoiseShape, IsTheSameForParticlesThatAreReadAgain) {
  Set set(1.0);
  const ParticleStack all = set.stack(true), none = set.stack(true, 0);
  for (int64_t i = 0; i < all.count(); i += 7) {
    const auto here = all.particle(i), there = none.particle(i);
    ASSERT_TRUE(std::equal(here->spectrum.begin(), here->spectrum.end(), there->spectrum.begin())) << i;
  }
}

}  // namespace
}  // namespace tessera
