// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/optics/wedge.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"

namespace tessera {

bool wedge_observes(const WedgeRange& range, double kx, double kz, double margin) {
  const double radius = std::hypot(kx, kz);
  if (radius <= std::max(margin, 1e-9)) return true;
  double direction = std::atan2(kz, kx);  // observed modulo π: bring it to (−π/2, π/2]
  if (direction > pi / 2) direction -= pi;
  if (direction <= -pi / 2) direction += pi;
  // Angular distance to the range, round the half circle.
  double beyond = 0;
  if (direction < range.min_tilt)
    beyond = std::min(range.min_tilt - direction, direction + pi - range.max_tilt);
  else if (direction > range.max_tilt)
    beyond = std::min(direction - range.max_tilt, range.min_tilt + pi - direction);
  return radius * std::sin(std::min(beyond, pi / 2)) <= margin + 1e-9 * radius;
}

Volume<float> wedge_mask(int64_t box, const WedgeRange& range, bool within_nyquist) {
  if (!(range.min_tilt >= -pi / 2 - 1e-9 && range.max_tilt <= pi / 2 + 1e-9 && range.min_tilt <= range.max_tilt))
    throw UserError(fmt::format("a tilt range of {:.2f}° to {:.2f}° has no missing wedge: give −90 ≤ first ≤ last ≤ 90",
                                range.min_tilt / degree, range.max_tilt / degree));
  Volume<float> mask(Shape3::cube(box));
  const int64_t centre = box / 2;
  for (int64_t z = 0; z < box; ++z)
    for (int64_t x = 0; x < box; ++x) {
      const auto kx = static_cast<double>(x - centre), kz = static_cast<double>(z - centre);
      if (!wedge_observes(range, kx, kz)) continue;
      for (int64_t y = 0; y < box; ++y) {
        const auto ky = static_cast<double>(y - centre);
        if (within_nyquist && std::sqrt(kx * kx + ky * ky + kz * kz) >= 0.5 * static_cast<double>(box)) continue;
        mask(z, y, x) = 1;
      }
    }
  return mask;
}

}  // namespace tessera
