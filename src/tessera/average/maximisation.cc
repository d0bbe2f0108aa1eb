// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/maximisation.h"

#include <algorithm>
#include <cmath>

#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {

Accumulator FoldSums::all() const {
  return without(-1);
}

Accumulator FoldSums::half(int which) const {
  Accumulator out(folds[0].numerator.real_shape().x);
  for (size_t f = which; f < folds.size(); f += 2) out.add(folds[f]);
  return out;
}

Accumulator FoldSums::without(int fold) const {
  Accumulator out(folds[0].numerator.real_shape().x);
  for (size_t f = 0; f < folds.size(); ++f)
    if (static_cast<int>(f) != fold) out.add(folds[f]);
  return out;
}

Accumulator FoldSums::half_without(int fold) const {
  Accumulator out(folds[0].numerator.real_shape().x);
  for (size_t f = fold % 2; f < folds.size(); f += 2)
    if (static_cast<int>(f) != fold || folds.size() < 4) out.add(folds[f]);
  return out;
}

Volume<float> fold_reference(const FoldSums& sums, int fold, const Resolution& resolution, int64_t join_shell,
                             int64_t max_shell) {
  HalfSpectrum joint = solve(sums.without(fold), resolution.ridge, std::min(join_shell, max_shell));
  if (max_shell > join_shell) {
    const HalfSpectrum own = solve(sums.half_without(fold), resolution.ridge, max_shell);
    for_each_frequency(own, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
      if (std::lround(std::sqrt(static_cast<double>(z * z + y * y + x * x))) > join_shell)
        joint.data()[i] = own.data()[i];
    });
  }
  return centred_volume(std::move(joint));
}

FoldSums accumulate(const ParticleStack& stack, const std::vector<std::vector<WeightedPose>>& poses,
                    const std::vector<int>& fold_of, int folds, int class_index, int64_t max_shell,
                    ExecContext& context) {
  const int64_t n = stack.box(), batch = 16, planes = 2;
  FoldSums sums;
  for (int f = 0; f < folds; ++f) sums.folds.emplace_back(n);
  for (int64_t first = 0; first < stack.count(); first += batch) {
    const int64_t count = std::min(batch, stack.count() - first);
    std::vector<PaddedSpectrum> spectra(count);
    context.threads.for_each(count, [&](int64_t i, int) { spectra[i] = stack.padded(first + i, max_shell); });
    context.threads.for_each((n + planes - 1) / planes, [&](int64_t slab, int) {
      for (int64_t i = 0; i < count; ++i)
        for (const WeightedPose& p : poses[first + i])
          if (p.class_index == class_index)
            sums.folds[fold_of[first + i]].add(spectra[i], stack.weight(first + i), p.pose, p.probability,
                                               slab * planes, std::min(n, (slab + 1) * planes));
    });
  }
  return sums;
}

Resolution measure_resolution(const FoldSums& sums, const Volume<float>& mask, bool wiener) {
  Resolution out;
  const int64_t n = mask.shape().x;
  const Accumulator first = sums.half(0), second = sums.half(1);
  const auto weight_first = mean_weight(first), weight_second = mean_weight(second);
  const auto bounded = [&](const std::vector<double>& weight) {
    std::vector<double> ridge(weight);
    for (double& r : ridge) r = std::max(1e-3 * r, 1e-30);
    return ridge;
  };
  const auto masked = [&](const Accumulator& half, const std::vector<double>& weight) {
    Volume<float> map = centred_volume(solve(half, bounded(weight), n / 2));
    for (int64_t i = 0; i < map.size(); ++i) map[i] *= mask[i];
    return centred_spectrum(map);
  };
  out.fsc = fourier_shell_correlation(masked(first, weight_first), masked(second, weight_second));
  // Shells that were not summed hold only what the mask leaks into them.
  for (size_t s = 1; s < out.fsc.size(); ++s)
    if (weight_first[s] == 0 || weight_second[s] == 0) out.fsc[s] = 0;
  out.crossing_shell = fsc_crossing_shell(out.fsc, 0.143);
  out.ridge.assign(out.fsc.size(), 0);
  bool fallen = false;
  for (size_t s = 0; s < out.fsc.size(); ++s) {
    const double weight = 0.5 * (weight_first[s] + weight_second[s]);
    fallen = fallen || (s > 0 && static_cast<double>(s) > out.crossing_shell + 2);
    // Beyond the crossing single shells rise by chance: hold them down.
    const double fsc = std::clamp(fallen ? std::min(out.fsc[s], 0.02) : out.fsc[s], 0.01, 0.999);
    out.ridge[s] = std::max(weight * (wiener ? (1 - fsc) / fsc : 1e-3), 1e-30);
  }
  out.ridge[0] = out.ridge.size() > 1 ? out.ridge[1] : out.ridge[0];
  return out;
}

Volume<float> solved_map(const Accumulator& sums, const Resolution& resolution, int64_t max_shell) {
  return centred_volume(solve(sums, resolution.ridge, max_shell));
}

double particle_radius(const Volume<float>& map, double outer_radius) {
  const int64_t n = map.shape().x;
  std::vector<double> power(n / 2 + 1), count(n / 2 + 1);
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x) {
        const double r = std::sqrt(
            static_cast<double>((z - n / 2) * (z - n / 2) + (y - n / 2) * (y - n / 2) + (x - n / 2) * (x - n / 2)));
        const auto shell = static_cast<size_t>(std::lround(r));
        if (shell >= power.size()) continue;
        power[shell] += static_cast<double>(map(z, y, x)) * map(z, y, x);
        ++count[shell];
      }
  const auto outer = static_cast<size_t>(std::clamp(outer_radius, 2.0, static_cast<double>(n / 2)));
  double background = 1e300;
  for (size_t r = outer / 2; r <= outer; ++r) background = std::min(background, power[r] / std::max(count[r], 1.0));
  std::vector<double> inside(outer + 1);
  for (size_t r = 0; r <= outer; ++r)
    inside[r] = (r > 0 ? inside[r - 1] : 0) + std::max(0.0, power[r] - background * count[r]);
  for (size_t r = 0; r <= outer; ++r)
    if (inside[r] >= 0.98 * inside[outer]) return std::min(static_cast<double>(r) + 2, outer_radius);
  return outer_radius;
}

}  // namespace tessera
