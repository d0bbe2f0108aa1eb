// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/noise_control.h"

#include <algorithm>
#include <cmath>

#include "tessera/volume/corrected_fsc.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

PreparedParticle stand_in(const ParticleStack& stack, int64_t i, const Volume<float>& mask,
                          const RotationSearch& search, uint64_t seed) {
  Volume<float> noise = phase_randomised(centred_volume(stack.particle(i)->spectrum), 1, seed, 1000 + i);
  const auto scale = static_cast<float>(1 / std::sqrt(stack.noise_share()));
  for (int64_t v = 0; v < noise.size(); ++v) noise[v] *= scale * mask[v];
  PreparedParticle out;
  out.spectrum = centred_spectrum(noise);
  // The mask carries a little into components that were not observed; the search must not see it.
  const Volume<float>& h = stack.weight(i).half();
  for (int64_t k = 0; k < out.spectrum.size(); ++k)
    if (h[k] == 0) out.spectrum.data()[k] = 0;
  out.samples = search.sample_particle({out.spectrum, search.shells() + 1}, stack.weight(i));
  return out;
}

}  // namespace

NoiseControl compare_with_noise(const ParticleStack& stack, const ReferenceSet& references,
                                const std::vector<int>& fold_of, ExecContext& context) {
  const int64_t count = std::min<int64_t>(48, stack.count());
  const Volume<float> mask = soft_sphere(Shape3::cube(stack.box()), stack.mask_radius(), 3);
  std::vector<double> own(count), noise(count);
  std::vector<Aligner::Workspace> work(context.threads.count());
  context.threads.for_each(count, [&](int64_t j, int worker) {
    const int64_t i = j * stack.count() / count;
    const PreparedParticle other = stand_in(stack, i, mask, references.search(), context.seed);
    const auto particle = stack.particle(i);
    for (const auto& aligners : references.aligners()) {
      const Aligner& aligner = *aligners[fold_of[i]];
      const auto best = [&](const PreparedParticle& p) {
        const auto found = aligner.align(p, stack.group(i), std::nullopt, -1, work[worker]);
        double largest = 0;
        for (const RefinedPose& pose : found) largest = std::max(largest, pose.score.correlation());
        return largest;
      };
      own[j] = std::max(own[j], best(*particle));
      noise[j] = std::max(noise[j], best(other));
    }
  });
  NoiseControl out;
  out.particles = static_cast<int>(count);
  const auto n = static_cast<double>(count);
  for (int64_t j = 0; j < count; ++j) {
    out.correlation += own[j] / n;
    out.of_noise += noise[j] / n;
  }
  double square = 0;
  for (int64_t j = 0; j < count; ++j) square += std::pow(own[j] - noise[j] - out.correlation + out.of_noise, 2);
  out.standard_error = std::sqrt(square / std::max(1.0, n * (n - 1)));
  return out;
}

}  // namespace tessera
