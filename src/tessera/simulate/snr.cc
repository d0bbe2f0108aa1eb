// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/snr.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tessera/base/units.h"
#include "tessera/simulate/central_slices.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

double variance_within(const Volume<float>& values, const Volume<float>& mask) {
  double count = 0, sum = 0, square = 0;
  for (int64_t i = 0; i < values.size(); ++i)
    if (mask[i] > 0.5f) {
      ++count;
      sum += values[i];
      square += static_cast<double>(values[i]) * values[i];
    }
  return count == 0 ? 0 : square / count - std::pow(sum / count, 2);
}

Volume<float> particle_mask(const Map& density, const ParticlePose& pose) {
  const float threshold = 0.1f * statistics(density.voxels).maximum;
  Volume<float> mask = rotate_volume(density.voxels, pose.particle_from_ref.matrix(), pose.shift_voxels);
  for (float& value : mask) value = value > threshold ? 1.0f : 0.0f;
  return mask;
}

// The components of one subtomogram on the reference's grid, one of each mirrored pair; 0 where not observed.
std::vector<std::complex<float>> reference_components(const PosedSubtomogram& particle, const Volume<float>& weight) {
  const int64_t n = particle.voxels.shape().x, edge = (n - 1) / 2;
  const CentralSlices spectrum(particle.voxels);
  const Mat3 rotation = particle.pose.particle_from_ref.matrix();
  const auto observed = [&](Vec3 k) {
    return weight(std::lround(k.z) + n / 2, std::lround(k.y) + n / 2, std::lround(k.x) + n / 2) != 0;
  };
  std::vector<std::complex<float>> out;
  for (int64_t kz = -edge; kz <= edge; ++kz)
    for (int64_t ky = -edge; ky <= edge; ++ky)
      for (int64_t kx = 0; kx <= edge; ++kx) {
        if (kx == 0 && (ky < 0 || (ky == 0 && kz <= 0))) continue;  // the mirror image is taken; and DC
        if (4 * (kx * kx + ky * ky + kz * kz) >= (n - 1) * (n - 1)) continue;
        const Vec3 k = rotation * Vec3{static_cast<double>(kx), static_cast<double>(ky), static_cast<double>(kz)};
        if (!observed(k)) {
          out.emplace_back(0.0f);
          continue;
        }
        const double phase = 2 * pi * k.dot(particle.pose.shift_voxels) / static_cast<double>(n);
        out.push_back(
            spectrum.at(static_cast<float>(2 * k.x), static_cast<float>(2 * k.y), static_cast<float>(2 * k.z)) *
            std::complex<float>(std::polar(1.0, phase)));
      }
  return out;
}

double common_correlation(const std::vector<std::complex<float>>& a, const std::vector<std::complex<float>>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == 0.0f || b[i] == 0.0f) continue;
    ab += static_cast<double>(a[i].real()) * b[i].real() + static_cast<double>(a[i].imag()) * b[i].imag();
    aa += std::norm(a[i]);
    bb += std::norm(b[i]);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

}  // namespace

double signal_variance(const ParticleImager& imager, const Map& density, const ParticlePose& pose,
                       const std::string& definition) {
  if (definition == "projection" || definition == "projection-ctf")
    return imager.projection_variance(pose.particle_from_ref, pose.shift_voxels, definition == "projection-ctf");
  const Volume<float> clean = imager.image(pose.particle_from_ref, pose.shift_voxels, 0, Random(0, "unused"));
  return definition == "particle" ? variance_within(clean, particle_mask(density, pose)) : statistics(clean).variance;
}

double unit_noise_variance(const ParticleImager& imager, const ImagingOptions& options) {
  if (options.snr_definition == "projection") return 1;
  return options.snr_definition == "projection-ctf" ? imager.image_noise_variance() : imager.volume_noise_variance();
}

PairCorrelation pair_correlation(const std::vector<PosedSubtomogram>& particles, const Volume<float>& weight,
                                 Threads& threads) {
  const auto count = static_cast<int64_t>(particles.size());
  std::vector<std::vector<std::complex<float>>> components(particles.size());
  threads.for_each(count, [&](int64_t i, int) { components[i] = reference_components(particles[i], weight); });
  std::vector<double> row(particles.size());  // summed in fixed order
  threads.for_each(count, [&](int64_t i, int) {
    for (int64_t j = 0; j < i; ++j) row[i] += common_correlation(components[i], components[j]);
  });
  PairCorrelation out;
  out.pairs = count * (count - 1) / 2;
  if (out.pairs == 0) {
    out.mean = std::numeric_limits<double>::quiet_NaN();
    return out;
  }
  for (const double value : row) out.mean += value / static_cast<double>(out.pairs);
  return out;
}

double frank_al_ali_snr(double correlation) {
  return correlation >= 1 ? std::numeric_limits<double>::infinity() : correlation / (1 - correlation);
}

}  // namespace tessera
