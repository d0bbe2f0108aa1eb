// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/optics/tilt_geometry.h"

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"

namespace tessera {

std::vector<double> tilt_angles(const TiltRange& range) {
  Faults faults;
  if (!(range.min_deg >= -90 && range.max_deg <= 90))
    faults.add(fmt::format("tilt angles must lie within ±90°, the range is {}° to {}°", range.min_deg, range.max_deg));
  if (!(range.min_deg <= range.max_deg))
    faults.add(fmt::format("the first tilt ({}°) lies above the last ({}°)", range.min_deg, range.max_deg));
  if (!(range.step_deg >= 0.01 && std::isfinite(range.step_deg)))
    faults.add(fmt::format("the tilt step must be at least 0.01°, {}° was given", range.step_deg));
  faults.raise<UserError>("the tilt series cannot be set up");
  // A hundredth of a step forgives decimal steps that do not divide the range exactly in binary.
  const auto count = static_cast<int64_t>(std::floor((range.max_deg - range.min_deg) / range.step_deg + 0.01)) + 1;
  std::vector<double> angles(count);
  for (int64_t i = 0; i < count; ++i)
    angles[i] = std::min(range.min_deg + static_cast<double>(i) * range.step_deg, range.max_deg) * degree;
  return angles;
}

Vec3 image_from_specimen(Vec3 specimen, double tilt) {
  const double c = std::cos(tilt), s = std::sin(tilt);
  return {specimen.x * c + specimen.z * s, specimen.y, -specimen.x * s + specimen.z * c};
}

Vec3 specimen_frequency(double u, double v, double tilt) {
  return {u * std::cos(tilt), v, u * std::sin(tilt)};
}

}  // namespace tessera
