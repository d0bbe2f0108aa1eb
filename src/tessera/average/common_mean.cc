// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/common_mean.h"

#include <algorithm>

#include "tessera/align/compare.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

FoldSums sum_of(const std::vector<FoldSums>& classes) {
  FoldSums out = classes[0];
  for (size_t k = 1; k < classes.size(); ++k)
    for (size_t f = 0; f < out.folds.size(); ++f) out.folds[f].add(classes[k].folds[f]);
  return out;
}

HalfMaps difference(HalfMaps one, const HalfMaps& mean) {
  for (int h = 0; h < 2; ++h)
    for (int64_t i = 0; i < one.map[h].size(); ++i) one.map[h][i] -= mean.map[h][i];
  return one;
}

}  // namespace

CommonMean CommonMean::of(const std::vector<FoldSums>& classes, const Volume<float>& mask) {
  CommonMean out;
  out.sums = sum_of(classes);
  const HalfMaps mean = half_maps(out.sums);
  out.resolution = measure_resolution(mean, mask, true);
  for (const FoldSums& sums : classes) {
    const HalfMaps one = half_maps(sums);
    std::vector<double> noise_weight(one.weight[0].size());
    for (size_t s = 0; s < noise_weight.size(); ++s) {
      const double own = one.weight[0][s] + one.weight[1][s], all = mean.weight[0][s] + mean.weight[1][s];
      noise_weight[s] = own / 2 / std::max(1 - own / std::max(all, 1e-30), 1e-3);
    }
    out.ridge.push_back(resolution_of(half_set_fsc(difference(one, mean), mask), noise_weight, true).ridge);
  }
  return out;
}

std::vector<std::optional<Pose>> turns_into_one_frame(const std::vector<Volume<float>>& maps,
                                                      const std::vector<double>& share, double max_shift,
                                                      ExecContext& context) {
  constexpr double least_gain = 0.02, least_likeness = 0.7;  // correlations
  const auto largest = std::max_element(share.begin(), share.end()) - share.begin();
  const Volume<float>& fixed = maps[largest];
  std::vector<std::optional<Pose>> out(maps.size());
  context.threads.for_each(std::ssize(maps), [&](int64_t k, int) {
    if (k == largest || !(share[k] > 0)) return;
    const Pose pose = best_fit(fixed, maps[k], max_shift);
    const double now = correlation(fixed, maps[k]), then = correlation(fixed, transformed_map(maps[k], pose));
    if (then > least_likeness && then > now + least_gain) out[k] = pose;
  });
  return out;
}

}  // namespace tessera
