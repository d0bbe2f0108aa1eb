// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/similarity.h"

#include <algorithm>

namespace tessera {

void hold_alike(std::vector<FoldSums>& classes, double strength) {
  if (strength <= 0 || classes.size() < 2) return;
  const auto share = static_cast<float>(strength / static_cast<double>(classes.size()));
  for (size_t f = 0; f < classes[0].folds.size(); ++f) {
    Accumulator together(classes[0].folds[f].numerator.real_shape().x);
    for (const FoldSums& one : classes) together.add(one.folds[f]);
    for (FoldSums& one : classes) {
      Accumulator& sums = one.folds[f];
      for (int64_t i = 0; i < sums.numerator.size(); ++i) {
        sums.numerator.data()[i] += share * together.numerator.data()[i];
        sums.weight[i] += share * together.weight[i];
      }
    }
  }
}

double annealed_strength(double strength, int iterations, int iteration) {
  return iterations > 0 ? strength * std::max(0.0, 1.0 - static_cast<double>(iteration) / iterations) : 0;
}

}  // namespace tessera
