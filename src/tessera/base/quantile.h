// SPDX-License-Identifier: GPL-3.0-or-later
// The value below which a share of others lies.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tessera {

// The value of rank ⌊share (n − 1)⌋, share 0 … 1, of at least one; reorders them.
inline double quantile(std::vector<float>& values, double share) {
  const auto at = values.begin() + static_cast<int64_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace tessera
