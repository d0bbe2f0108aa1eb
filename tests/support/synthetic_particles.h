// SPDX-License-Identifier: GPL-3.0-or-later
// Particles made in a few lines for tests of alignment: an asymmetric cloud of Gaussians, rendered exactly at any pose,
// a binary missing wedge, white noise of a stated 3-D signal-to-noise ratio.
#pragma once

#include <cmath>
#include <vector>

#include "tessera/align/fourier_weight.h"
#include "tessera/align/pose_score.h"
#include "tessera/base/units.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"

namespace tessera::synthetic {

struct Phantom {
  std::vector<Vec3> centres;  // voxels from the centre of the box
  double sigma = 1.5;         // voxels
};

inline Phantom make_phantom(double radius, int blobs, uint64_t seed, double sigma = 1.5) {
  Random random(seed, "phantom");
  Phantom out;
  out.sigma = sigma;
  Vec3 mean;
  while (static_cast<int>(out.centres.size()) < blobs) {
    const Vec3 p{random.uniform(-radius, radius), random.uniform(-radius, radius), random.uniform(-radius, radius)};
    if (p.norm() > radius) continue;
    out.centres.push_back(p);
    mean += p * (1.0 / blobs);
  }
  for (Vec3& p : out.centres) p = p - mean;
  return out;
}

inline Volume<float> render(const Phantom& phantom, int64_t box, const Pose& pose) {
  Volume<float> out(Shape3::cube(box));
  const int reach = static_cast<int>(std::ceil(4.5 * phantom.sigma));
  for (const Vec3& centre : phantom.centres) {
    const double c = static_cast<double>(box / 2);
    const Vec3 p = pose.particle_from_ref * centre + pose.shift_voxels + Vec3{c, c, c};
    for (int64_t z = std::lround(p.z) - reach; z <= std::lround(p.z) + reach; ++z)
      for (int64_t y = std::lround(p.y) - reach; y <= std::lround(p.y) + reach; ++y)
        for (int64_t x = std::lround(p.x) - reach; x <= std::lround(p.x) + reach; ++x) {
          if (z < 0 || y < 0 || x < 0 || z >= box || y >= box || x >= box) continue;
          const Vec3 d = Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)} - p;
          out(z, y, x) += static_cast<float>(std::exp(-d.dot(d) / (2 * phantom.sigma * phantom.sigma)));
        }
  }
  return out;
}

// 1 where a tilt series about y from −max to +max degrees sees, 0 in the missing wedge; centred n³.
inline Volume<float> wedge(int64_t box, double max_deg) {
  Volume<float> out(Shape3::cube(box));
  const double slope = std::tan(max_deg * degree);
  for (int64_t z = 0, i = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x, ++i) {
        const auto kx = std::abs(static_cast<double>(x - box / 2)), kz = std::abs(static_cast<double>(z - box / 2));
        out[i] = kz <= slope * kx || (kx == 0 && kz == 0) ? 1.0f : 0.0f;
      }
  return out;
}

inline Pose random_pose(uint64_t seed, uint64_t item, double max_shift) {
  Random random(seed, "synthetic pose", item);
  Pose pose;
  pose.particle_from_ref = Rotation::random(random);
  do
    pose.shift_voxels = {random.uniform(-max_shift, max_shift), random.uniform(-max_shift, max_shift),
                         random.uniform(-max_shift, max_shift)};
  while (pose.shift_voxels.norm() > max_shift);
  return pose;
}

// The map with noise, through the wedge: var(signal)/var(noise) over the box, before the wedge, equals snr.
inline Volume<float> noisy(Volume<float> map, const FourierWeight& weight, double snr, uint64_t seed, uint64_t item) {
  const double sigma = std::sqrt(statistics(map).variance / snr);
  Random random(seed, "synthetic noise", item);
  if (std::isfinite(snr))
    for (float& v : map) v += static_cast<float>(sigma * random.normal());
  HalfSpectrum spectrum = centred_spectrum(map);
  for (int64_t i = 0; i < spectrum.size(); ++i) spectrum.data()[i] *= weight.half()[i];
  return centred_volume(std::move(spectrum));
}

inline Volume<float> particle(const Phantom& phantom, int64_t box, const Pose& pose, const FourierWeight& weight,
                              double snr, uint64_t seed, uint64_t item) {
  return noisy(render(phantom, box, pose), weight, snr, seed, item);
}

}  // namespace tessera::synthetic
