// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/accumulator.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/shells.h"

namespace tessera {

void Accumulator::add(const PaddedSpectrum& particle, const FourierWeight& h, const Pose& pose, double probability,
                      int64_t begin, int64_t end) {
  const int64_t n = numerator.real_shape().x;
  const double limit = static_cast<double>(std::min(particle.max_shell(), (n - 1) / 2));
  const Mat3 m = pose.particle_from_ref.matrix();
  const double turn = 2 * pi / static_cast<double>(n);
  const Vec3 t = pose.shift_voxels;
  for (int64_t iz = begin; iz < end; ++iz)
    for (int64_t iy = 0; iy < n; ++iy) {
      const auto kz = static_cast<double>(signed_frequency(iz, n)), ky = static_cast<double>(signed_frequency(iy, n));
      const double rest = limit * limit - kz * kz - ky * ky;
      if (rest < 0) continue;
      const auto last = static_cast<int64_t>(std::sqrt(rest));
      // Along a row both the point and its phase move by a constant step.
      Vec3 q = m * Vec3{0, ky, kz};
      const Vec3 step{m.m[0][0], m.m[1][0], m.m[2][0]};
      std::complex<double> phase = std::polar(1.0, turn * q.dot(t));
      const std::complex<double> phase_step = std::polar(1.0, turn * step.dot(t));
      int64_t at = numerator.index(iz, iy, 0);
      for (int64_t kx = 0; kx <= last; ++kx, ++at, q += step, phase *= phase_step) {
        const auto x = static_cast<float>(q.x), y = static_cast<float>(q.y), z = static_cast<float>(q.z);
        const FourierWeight::Factors w = h.sample(x, y, z);
        if (w.data == 0) continue;
        const float g = static_cast<float>(probability);
        numerator.data()[at] += g * w.data * particle.sample(x, y, z) * std::complex<float>(phase);
        weight[at] += g * w.power;
      }
    }
}

void Accumulator::add(const Accumulator& other) {
  for (int64_t i = 0; i < numerator.size(); ++i) {
    numerator.data()[i] += other.numerator.data()[i];
    weight[i] += other.weight[i];
  }
}

HalfSpectrum solve(const Accumulator& sums, const std::vector<double>& ridge, int64_t max_shell,
                   const HalfSpectrum* mean) {
  HalfSpectrum out(sums.numerator.real_shape());
  float largest = 0;
  for (const float w : sums.weight) largest = std::max(largest, w);
  for_each_frequency(out, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    const auto shell = std::lround(std::sqrt(static_cast<double>(z * z + y * y + x * x)));
    if (shell > max_shell || shell >= static_cast<int64_t>(ridge.size())) return;
    const double denominator = sums.weight[i] + ridge[shell];
    if (denominator <= 1e-6 * largest) return;
    std::complex<float> numerator = sums.numerator.data()[i];
    if (mean) numerator += static_cast<float>(ridge[shell]) * mean->data()[i];
    out.data()[i] = numerator / static_cast<float>(denominator);
  });
  return out;
}

std::vector<double> mean_weight(const Accumulator& sums) {
  const Shape3 shape = sums.numerator.real_shape();
  std::vector<double> sum(shell_count(shape.x)), count(sum.size());
  for_each_frequency(sums.numerator, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    const auto shell = std::lround(std::sqrt(static_cast<double>(z * z + y * y + x * x)));
    if (shell >= static_cast<int64_t>(sum.size())) return;
    const int times = sums.numerator.multiplicity(x);
    sum[shell] += times * static_cast<double>(sums.weight[i]);
    count[shell] += times;
  });
  for (size_t s = 0; s < sum.size(); ++s) sum[s] /= count[s];
  return sum;
}

Accumulator symmetrised(const Accumulator& sums, const std::vector<Rotation>& operations) {
  const int64_t n = sums.numerator.real_shape().x;
  // Turn numerator and weight as maps: both are band-limited by the box, so a padded spectrum interpolates them.
  HalfSpectrum weight(sums.numerator.real_shape());
  for (int64_t i = 0; i < weight.size(); ++i) weight.data()[i] = sums.weight[i];
  const PaddedSpectrum padded_numerator(centred_volume(sums.numerator), n / 2);
  const PaddedSpectrum padded_weight(centred_volume(weight), n / 2);
  const FourierWeight one = FourierWeight::uniform(n);
  Accumulator out(n), weights(n);
  for (const Rotation& operation : operations) {
    out.add(padded_numerator, one, {operation, {}}, 1.0, 0, n);
    weights.add(padded_weight, one, {operation, {}}, 1.0, 0, n);
  }
  for (int64_t i = 0; i < out.numerator.size(); ++i) out.weight[i] = std::max(0.0f, weights.numerator.data()[i].real());
  return out;
}

}  // namespace tessera
