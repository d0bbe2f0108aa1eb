// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/noise_control.h"

#include <gtest/gtest.h>

#include "tessera/average/averager.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

AverageResult averaged(double signal, int threads = 2) {
  constexpr int64_t box = 24;
  const auto phantom = synthetic::make_phantom(5.5, 40, 31, 1.6);
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  ParticleSource source;
  source.count = 16;
  source.box = box;
  source.voxel_size_A = 10;
  source.weights = {weight};
  source.load = [&](int64_t i) {
    Volume<float> map = synthetic::render(phantom, box, synthetic::random_pose(1, i, 1.5));
    Random random(5, "noise", static_cast<uint64_t>(i));
    for (float& v : map) v = static_cast<float>(signal * v + random.normal());
    HalfSpectrum spectrum = centred_spectrum(map);
    for (int64_t k = 0; k < spectrum.size(); ++k) spectrum.data()[k] *= weight.half()[k];
    return centred_volume(std::move(spectrum));
  };
  AverageOptions options;
  options.align.max_shift_voxels = 2;
  options.iterations = 1;
  options.start = "particles";
  options.starts = 1;
  options.start_iterations = 1;
  Threads pool(threads);
  LocalComm comm;
  SilentSink sink;
  ExecContext context{pool, comm, sink, 7};
  ParticleStack stack(source, stack_mask_radius(box, 10, options), context);
  return average_particles(stack, options, context, nullptr);
}

TEST(NoiseControl, TellsParticlesFromNoise) {
  const auto structure = averaged(1.5).noise_control, noise = averaged(0).noise_control;
  ASSERT_TRUE(structure && noise);
  EXPECT_EQ(noise->particles, 16);
  EXPECT_TRUE(structure->tells_from_noise()) << structure->correlation << " " << structure->of_noise;
  EXPECT_FALSE(noise->tells_from_noise()) << noise->correlation << " " << noise->of_noise;
  EXPECT_GT(structure->correlation, 1.5 * structure->of_noise);
  // The best of thousands of normal deviates lies between 3 and 6 of their standard deviations.
  EXPECT_GT(noise->of_noise, 3);
  EXPECT_LT(noise->of_noise, 7);
  EXPECT_GT(noise->standard_error, 0);
}

TEST(NoiseControl, SameBitsForAnyNumberOfThreads) {
  EXPECT_EQ(averaged(1, 1).noise_control->correlation, averaged(1, 3).noise_control->correlation);
}

}  // namespace
}  // namespace tessera
