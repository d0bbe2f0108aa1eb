// SPDX-License-Identifier: GPL-3.0-or-later
// Things described by numbers: one row each.
#pragma once

#include <cstdint>
#include <vector>

namespace tessera {

struct Points {
  int64_t count = 0, dimensions = 0;
  std::vector<float> values;  // row-major

  const float* row(int64_t i) const { return values.data() + i * dimensions; }
  float* row(int64_t i) { return values.data() + i * dimensions; }
};

// Every dimension to mean 0 and variance 1 over the points; constant ones to 0.
void standardise(Points& points);
// The leading `components` principal components (fewer where there are fewer dimensions or points), by power iteration
// on the centred points, from Random(seed, "principal components"): for points of very many dimensions.
Points principal_components(const Points& points, int components, uint64_t seed);

}  // namespace tessera
