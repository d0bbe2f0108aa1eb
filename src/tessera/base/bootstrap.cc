// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/random.h"

namespace tessera {

Interval bootstrap_mean(const std::vector<double>& values, uint64_t seed, int draws, double level) {
  if (values.empty()) return {};
  std::vector<double> means(draws);
  for (int d = 0; d < draws; ++d) {
    Random random(seed, "bootstrap", static_cast<uint64_t>(d));
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) sum += values[random.below(values.size())];
    means[d] = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  const double tail = (1 - level) / 2;
  const auto at = [&](double share) { return means[std::lround(share * (draws - 1))]; };
  return {at(tail), at(1 - tail)};
}

}  // namespace tessera
