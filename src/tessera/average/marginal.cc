// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/marginal.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

// e^x to 2e-7 relative for −87 ≤ x ≤ 88, 0 below; branch-free, so that loops over it vectorise.
inline float exponential(float x) {
  const float clamped = std::max(x, -87.0f);
  const float shifted = clamped * 1.44269504f + 12582912.0f;  // 1.5·2²³: rounds to the nearest integer
  const float n = shifted - 12582912.0f;
  const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const auto value = std::bit_cast<float>(std::bit_cast<int32_t>(p) + (std::bit_cast<int32_t>(shifted) << 23));
  return x < -87.0f ? 0.0f : value;
}

constexpr int64_t lanes = 8;

}  // namespace

void MarginalSums::add(const MarginalSums& other, float sign) {
  const auto plus = [sign](AlignedVector<float>& a, const AlignedVector<float>& b) {
    for (size_t i = 0; i < a.size(); ++i) a[i] += sign * b[i];
  };
  if (retained.size() < other.retained.size()) retained.resize(other.retained.size());
  for (size_t i = 0; i < other.retained.size(); ++i) retained[i] += sign * other.retained[i];
  plus(numerator.re, other.numerator.re);
  plus(numerator.im, other.numerator.im);
  plus(weight.re, other.weight.re);
  plus(weight.im, other.weight.im);
}

void MarginalSums::scale(float factor) {
  for (auto* values : {&numerator.re, &numerator.im, &weight.re, &weight.im})
    for (float& v : *values) v *= factor;
  for (std::complex<float>& v : retained) v *= factor;
}

MarginalModel::MarginalModel(const RotationSearch& search, const std::vector<const FourierWeight*>& weights,
                             const std::vector<double>& noise_variance)
    : search_(search) {
  for (int s = 1; s <= search.shells(); ++s) shell_weight_.push_back(static_cast<float>(s * s / noise_variance[s]));
  for (const FourierWeight* weight : weights) seen_.push_back(search.weight_harmonics(*weight));
}

MarginalSums MarginalModel::no_sums() const {
  return {search_.correlator().empty(shells()), search_.correlator().empty(shells()), {}};
}

ShellHarmonics MarginalModel::power_of(const ShellHarmonics& map) const {
  const SphereTransform& transform = search_.transform();
  const int rows = transform.latitudes(), columns = transform.longitudes(), half = columns / 2;
  const size_t size = transform.samples_per_shell();
  AlignedVector<float> values(shells() * size), power(values.size());
  SphereTransform::Workspace work;
  transform.synthesise(map, values.data(), work);
  for (int s = 0; s < shells(); ++s)
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) {
        const float here = values[s * size + static_cast<size_t>(i) * columns + j];
        const float there = values[s * size + static_cast<size_t>(rows - 1 - i) * columns + (j + half) % columns];
        power[s * size + static_cast<size_t>(i) * columns + j] = 0.5f * (here * here + there * there);
      }
  ShellHarmonics out(map.bandwidth, map.shells);
  transform.analyse(power.data(), out, work);
  return out;
}

MarginalModel::Reference MarginalModel::reference(const ShellHarmonics& map, double temperature) const {
  const So3Correlator& correlator = search_.correlator();
  Reference out;
  out.map = correlator.prepare(map);
  for (const float weight : shell_weight_) out.shell_weight.push_back(weight / static_cast<float>(temperature));
  const auto power = correlator.prepare(power_of(map));
  So3Correlator::Workspace work;
  for (const ShellHarmonics& seen : seen_) {
    auto& half = out.half_power.emplace_back(correlator.grid_size());
    correlator.correlate(seen, power, out.shell_weight, half.data(), work);
    for (float& v : half) v *= 0.5f;
  }
  return out;
}

MarginalParticle MarginalModel::expect(const SphereSamples& particle, int group,
                                       const std::vector<Reference>& references, const std::vector<double>& log_prior,
                                       const std::vector<int>& looked_at, std::vector<MarginalSums>* sums,
                                       Workspace& work) const {
  const So3Correlator& correlator = search_.correlator();
  const int64_t grid = correlator.grid_size(), plane = grid / correlator.bandwidth();
  const size_t all = search_.translations().size(), classes = references.size();
  work.looked_at = looked_at;
  if (looked_at.empty()) {
    work.looked_at.resize(all);
    std::iota(work.looked_at.begin(), work.looked_at.end(), 0);
  }
  const size_t translations = work.looked_at.size();
  MarginalParticle out;
  work.shifted.resize(translations);
  work.posterior.resize(classes * translations * grid);
  float best = -3e38f;
  size_t best_at = 0;  // [class][translation looked at]
  for (size_t t = 0; t < translations; ++t) {
    search_.shifted_harmonics(particle, work.looked_at[t], work.shifted[t], work.search);
    for (size_t c = 0; c < classes; ++c) {
      if (std::isinf(log_prior[c])) continue;
      float* score = &work.posterior[(c * translations + t) * grid];
      correlator.correlate(work.shifted[t], references[c].map, references[c].shell_weight, score,
                           work.search.correlate);
      const float* half_power = references[c].half_power[group].data();
      const auto prior = static_cast<float>(log_prior[c]);
      float largest[lanes];
      std::fill(largest, largest + lanes, -3e38f);
      for (int64_t i = 0; i < grid; i += lanes)
        for (int64_t k = 0; k < lanes && i + k < grid; ++k) {
          score[i + k] += prior - half_power[i + k];
          largest[k] = std::max(largest[k], score[i + k]);
        }
      const float here = *std::max_element(largest, largest + lanes);
      if (here <= best) continue;
      best = here;
      best_at = c * translations + t;
      out.best_class = static_cast<int>(c);
      out.best_translation = work.looked_at[t];
    }
  }
  {
    const float* score = &work.posterior[best_at * grid];
    out.best_rotation = std::max_element(score, score + grid) - score;
  }
  // exp, and the sums of each class and translation.
  std::vector<double>& mass = work.mass;
  mass.assign(classes * translations, 0);
  std::vector<double> energy(classes * translations);
  for (size_t ct = 0; ct < mass.size(); ++ct) {
    if (std::isinf(log_prior[ct / translations])) continue;
    for (int64_t j = 0; j < correlator.bandwidth(); ++j) {
      float* p = &work.posterior[ct * grid + j * plane];
      const auto quadrature = static_cast<float>(correlator.quadrature(j * plane) * grid);
      float sum[lanes] = {}, log_sum[lanes] = {};
      const int64_t whole = plane / lanes * lanes;
      const auto one = [&](int64_t i, int64_t k) {
        const float x = p[i] - best;
        const float g = quadrature * exponential(x);
        p[i] = g;
        sum[k] += g;
        log_sum[k] += g * x;
      };
      for (int64_t i = 0; i < whole; i += lanes)
        for (int64_t k = 0; k < lanes; ++k) one(i + k, k);
      for (int64_t i = whole; i < plane; ++i) one(i, 0);
      for (int64_t k = 0; k < lanes; ++k) {
        mass[ct] += sum[k];
        energy[ct] += log_sum[k];
      }
    }
  }
  double total = 0, mean_log = 0;
  for (size_t ct = 0; ct < mass.size(); ++ct) {
    total += mass[ct];
    mean_log += energy[ct];
  }
  mean_log /= total;
  out.effective_poses = std::exp(std::log(total) - mean_log);
  out.log_evidence = best + std::log(total / (static_cast<double>(grid) * static_cast<double>(all)));
  out.class_probability.assign(classes, 0);
  out.translation_probability.assign(all, 0);
  const double share = 1 / total;
  for (size_t c = 0; c < classes; ++c) {
    MarginalSums* own = sums ? &(*sums)[c] : nullptr;
    if (own) own->scale(0);
    if (std::isinf(log_prior[c])) continue;
    work.rotations.assign(grid, 0);
    for (size_t t = 0; t < translations; ++t) {
      const double probability = mass[c * translations + t] * share;
      out.class_probability[c] += probability;
      out.translation_probability[work.looked_at[t]] += probability;
      if (probability < 1e-4) continue;
      const float* p = &work.posterior[(c * translations + t) * grid];
      for (int64_t i = 0; i < grid; ++i) work.rotations[i] += p[i];
      if (!own) continue;
      correlator.moments(p, work.moments, work.search.correlate);
      correlator.turn_back(work.moments, work.shifted[t], own->numerator);
      correlator.add_retained(work.moments, static_cast<float>(share), own->retained);
    }
    for (int64_t i = 0; i < grid; ++i) {
      const double g = work.rotations[i] * share;
      if (g > 0) out.rotation_information += g * std::log(g / (out.class_probability[c] * correlator.quadrature(i)));
    }
    if (!own) continue;
    correlator.moments(work.rotations.data(), work.moments, work.search.correlate);
    correlator.turn_back(work.moments, seen_[group], own->weight);
    own->scale(static_cast<float>(share));
  }
  return out;
}

std::vector<WeightedPose> MarginalModel::draw(const MarginalParticle& said, int count, Random& random,
                                              const Workspace& work) const {
  const So3Correlator& correlator = search_.correlator();
  const int64_t grid = correlator.grid_size();
  const auto translations = std::ssize(work.looked_at);
  const auto pose_of = [&](int64_t at) {
    return WeightedPose{
        {correlator.rotation(at % grid), search_.translations()[work.looked_at[at / grid % translations]]},
        0,
        static_cast<int>(at / grid / translations)};
  };
  const double total = std::accumulate(work.mass.begin(), work.mass.end(), 0.0);
  const int64_t best_at =
      std::find(work.looked_at.begin(), work.looked_at.end(), said.best_translation) - work.looked_at.begin();
  const int64_t first = (said.best_class * translations + best_at) * grid + said.best_rotation;
  std::vector<WeightedPose> out{pose_of(first)};
  double before = 0, next = random.uniform(0, 1) * total / count;
  for (int64_t block = 0; block < std::ssize(work.mass); before += work.mass[block++]) {
    double sum = before;
    for (int64_t at = block * grid; at < (block + 1) * grid && next < before + work.mass[block]; ++at) {
      sum += work.posterior[at];
      int times = 0;
      for (; sum > next; ++times) next += total / count;
      if (times == 0) continue;
      if (at != first) out.push_back(pose_of(at));
      (at == first ? out.front() : out.back()).probability += times / static_cast<double>(count);
    }
  }
  if (out.size() == 1) out.front().probability = 1;
  if (out.front().probability == 0) {  // never drawn: it stands for the first that was
    out.front().probability = out[1].probability;
    out.erase(out.begin() + 1);
  }
  double kept = 0;
  for (const WeightedPose& p : out) kept += p.probability;
  for (WeightedPose& p : out) p.probability /= kept;
  return out;
}

std::vector<double> MarginalModel::shell_mean(const ShellMap& map) const {
  std::vector<double> out(shells());
  for (int s = 0; s < shells(); ++s) out[s] = map.re[map.offset[0] + s] / std::sqrt(4 * pi);
  return out;
}

ShellHarmonics MarginalModel::solve(const MarginalSums& sums, const std::vector<double>& ridge) const {
  const SphereTransform& transform = search_.transform();
  const size_t size = transform.samples_per_shell();
  AlignedVector<float> numerator(shells() * size), weight(numerator.size());
  SphereTransform::Workspace work;
  ShellHarmonics out = search_.correlator().restore(sums.numerator);
  transform.synthesise(out, numerator.data(), work);
  transform.synthesise(search_.correlator().restore(sums.weight), weight.data(), work);
  for (int s = 0; s < shells(); ++s)
    for (size_t i = s * size; i < (s + 1) * size; ++i)
      numerator[i] /= std::max(weight[i], 0.0f) + static_cast<float>(ridge[s]);
  transform.analyse(numerator.data(), out, work);
  return out;
}

}  // namespace tessera
