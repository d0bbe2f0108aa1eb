// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/view_filter.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

// The share of the half circle that tilt j (of ascending tilts) stands for.
double angular_share(const std::vector<double>& tilts, size_t j) {
  const size_t last = tilts.size() - 1;
  if (j == 0) return tilts[1] - tilts[0];
  if (j == last) return tilts[last] - tilts[last - 1];
  return 0.5 * (tilts[j + 1] - tilts[j - 1]);
}

double overlap(const std::vector<double>& tilts, size_t j, double frequency, double thickness) {
  double sum = 0;
  for (const double other : tilts)
    sum += std::max(0.0, 1 - thickness * frequency * std::abs(std::sin(other - tilts[j])));
  return sum;
}

}  // namespace

const std::vector<std::string>& weighting_names() {
  static const std::vector<std::string> names = {"ramp", "capped", "exact", "none"};
  return names;
}

ViewFilters view_filters(const std::vector<double>& tilts, const std::string& weighting, int64_t thickness,
                         int64_t length) {
  const auto& names = weighting_names();
  if (tilts.empty() || std::find(names.begin(), names.end(), weighting) == names.end())
    throw InternalError("filters of no tilts or of an unknown weighting");
  const auto depth = static_cast<double>(thickness), size = static_cast<double>(length);
  const bool ramp = weighting == "ramp" || weighting == "capped";
  const double plain = 1 / (depth * static_cast<double>(tilts.size()));
  ViewFilters out(tilts.size(), std::vector<float>(length / 2 + 1));
  for (size_t j = 0; j < tilts.size(); ++j)
    for (int64_t u = 0; u <= length / 2; ++u) {
      const double frequency = static_cast<double>(u) / size;
      double weight = plain;
      if (weighting == "exact") weight = 1 / (depth * overlap(tilts, j, frequency, depth));
      if (ramp && tilts.size() > 1) weight = std::max(frequency, 0.25 / size) * angular_share(tilts, j);
      if (weighting == "capped") weight = std::min(weight, 1 / depth);
      if (2 * u >= length) weight = 0;  // the Nyquist frequency has no phase of its own
      out[j][u] = static_cast<float>(weight);
    }
  return out;
}

}  // namespace tessera
