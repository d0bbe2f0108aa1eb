// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/common_mean.h"

#include <algorithm>

#include "tessera/align/compare.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

FoldSums sum_of(const std::vector<FoldSums>& classes) {
  FoldSums out = classes[0];
  for (size_t k = 1; k < classes.size(); ++k)
    for (size_t f = 0; f < out.folds.size(); ++f) out.folds[f].add(classes[k].folds[f]);
  return out;
}

HalfSpectrum difference(const Volume<float>& map, const Volume<float>& mean, const Volume<float>& mask) {
  Volume<float> out(map.shape());
  for (int64_t i = 0; i < map.size(); ++i) out[i] = mask[i] * (map[i] - mean[i]);
  return centred_spectrum(out);
}

}  // namespace

CommonMean CommonMean::of(const std::vector<FoldSums>& classes, const Volume<float>& mask) {
  CommonMean out;
  out.sums = sum_of(classes);
  out.resolution = measure_resolution(out.sums, mask, true);
  Volume<float> mean[2];
  std::vector<double> mean_weight_of[2];
  for (int h = 0; h < 2; ++h) {
    const Accumulator half = out.sums.half(h);
    mean[h] = unfiltered_map(half);
    mean_weight_of[h] = mean_weight(half);
  }
  for (const FoldSums& one : classes) {
    const Accumulator half[2] = {one.half(0), one.half(1)};
    const std::vector<double> weight_of[2] = {mean_weight(half[0]), mean_weight(half[1])};
    std::vector<double> fsc = fourier_shell_correlation(difference(unfiltered_map(half[0]), mean[0], mask),
                                                        difference(unfiltered_map(half[1]), mean[1], mask));
    std::vector<double> noise_weight(fsc.size());
    for (size_t s = 0; s < fsc.size(); ++s) {
      const double own = weight_of[0][s] + weight_of[1][s], all = mean_weight_of[0][s] + mean_weight_of[1][s];
      if (weight_of[0][s] == 0 || weight_of[1][s] == 0) fsc[s] = 0;
      noise_weight[s] = own / 2 / std::max(1 - own / std::max(all, 1e-30), 1e-3);
    }
    out.ridge.push_back(resolution_of(std::move(fsc), noise_weight, true).ridge);
  }
  return out;
}

std::vector<std::optional<Pose>> turns_into_one_frame(const std::vector<Volume<float>>& maps,
                                                      const std::vector<double>& share, double max_shift,
                                                      ExecContext& context) {
  constexpr double least_gain = 0.02;  // in correlation
  const auto largest = std::max_element(share.begin(), share.end()) - share.begin();
  const Volume<float>& fixed = maps[largest];
  std::vector<std::optional<Pose>> out(maps.size());
  context.threads.for_each(std::ssize(maps), [&](int64_t k, int) {
    if (k == largest || !(share[k] > 0)) return;
    const Pose pose = best_fit(fixed, maps[k], max_shift);
    const double gain = correlation(fixed, transformed_map(maps[k], pose)) - correlation(fixed, maps[k]);
    if (gain > least_gain) out[k] = pose;
  });
  return out;
}

}  // namespace tessera
