// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/particle_stack.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "tessera/base/errors.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

// Background outside the mask to mean 0 and variance 1, then the mask. Returns a fault, empty when fine.
std::string normalise(Volume<float>& v, const Volume<float>& mask) {
  double count = 0, sum = 0, square = 0;
  for (int64_t i = 0; i < v.size(); ++i) {
    if (!std::isfinite(v[i])) return "holds NaN or infinite voxels";
    if (mask[i] > 0) continue;
    ++count;
    sum += v[i];
    square += static_cast<double>(v[i]) * v[i];
  }
  if (count < 10) return "has no background outside the mask: choose a smaller mask diameter or larger boxes";
  const double mean = sum / count, variance = square / count - mean * mean;
  if (!(variance > 1e-12 * std::max(1.0, mean * mean))) {
    // Noise-free particles have an empty background: scale by the whole box instead.
    const Statistics all = statistics(v);
    if (!(all.variance > 0)) return "is constant";
    const auto scale = static_cast<float>(1 / std::sqrt(all.variance));
    for (int64_t i = 0; i < v.size(); ++i) v[i] = (v[i] - static_cast<float>(mean)) * scale * mask[i];
    return {};
  }
  const auto scale = static_cast<float>(1 / std::sqrt(variance));
  for (int64_t i = 0; i < v.size(); ++i) v[i] = (v[i] - static_cast<float>(mean)) * scale * mask[i];
  return {};
}

}  // namespace

ParticleStack::ParticleStack(const ParticleSource& source, double mask_radius, ExecContext& context)
    : box_(source.box),
      voxel_size_A_(source.voxel_size_A),
      mask_radius_(mask_radius),
      weights_(source.weights),
      group_(source.group),
      prepared_(source.count) {
  if (weights_.empty()) weights_.push_back(FourierWeight::uniform(box_));
  if (group_.empty()) group_.assign(source.count, 0);
  std::vector<ObservedComponents> components;
  for (const FourierWeight& weight : weights_) {
    components.emplace_back(weight, box_ / 2);
    std::vector<double>& count = observed_.emplace_back(shell_count(box_));
    for (const int32_t shell : components.back().shell) ++count[shell];
  }
  const Volume<float> mask = soft_sphere(Shape3::cube(box_), mask_radius, 3);
  double energy = 0;
  for (const float m : mask) energy += static_cast<double>(m) * m;
  noise_share_ = energy / static_cast<double>(mask.size());
  Progress progress(context.sink, "reading particles", source.count);
  std::mutex mutex;
  std::vector<std::string> fault(source.count);
  context.threads.for_each(source.count, [&](int64_t i, int) {
    Volume<float> volume = source.load(i);
    fault[i] = normalise(volume, mask);
    prepared_[i].spectrum = centred_spectrum(volume);
    const ObservedComponents& seen = components[group_[i]];
    prepared_[i].shell_power.assign(shell_count(box_), 0);
    for (size_t k = 0; k < seen.size(); ++k)
      prepared_[i].shell_power[seen.shell[k]] += std::norm(prepared_[i].spectrum.data()[seen.index[k]]);
    std::lock_guard lock(mutex);
    progress.advance();
  });
  Faults faults;
  for (int64_t i = 0; i < source.count; ++i)
    if (!fault[i].empty()) faults.add(fmt::format("particle {} {}", i + 1, fault[i]));
  faults.raise<UserError>("particles unfit for averaging");
}

std::vector<const FourierWeight*> ParticleStack::weights() const {
  std::vector<const FourierWeight*> out;
  for (const auto& weight : weights_) out.push_back(&weight);
  return out;
}

void ParticleStack::sample_for(const RotationSearch& search, ExecContext& context) {
  context.threads.for_each(count(), [&](int64_t i, int) {
    prepared_[i].samples = search.sample_particle(padded(i, search.shells() + 1), weight(i));
  });
}

std::vector<double> ParticleStack::observed_variance() const {
  std::vector<double> out(shell_count(box_)), total(out.size());
  for (int64_t i = 0; i < count(); ++i)
    for (size_t s = 0; s < out.size(); ++s) {
      out[s] += prepared_[i].shell_power[s];
      total[s] += observed_[group_[i]][s];
    }
  double last = 1;
  for (size_t s = 1; s < out.size(); ++s) {
    out[s] = total[s] > 0 ? std::max(out[s] / (total[s] * noise_share_), 1e-12) : last;
    last = out[s];
  }
  out[0] = out[1];
  return out;
}

}  // namespace tessera
