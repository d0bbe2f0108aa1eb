// SPDX-License-Identifier: GPL-3.0-or-later
// How a tilt series looks at the specimen.
//
// The beam runs along z and the tilt axis is y. At tilt θ the specimen is turned by the active, right-handed rotation
// Ry(θ), then summed along z:
//   x_image = x cos θ + z sin θ,   y_image = y.
// By the projection-slice theorem the image's frequency (u, v) is the specimen's frequency
//   k = (u cos θ, v, u sin θ),
// so a tilt range [a, b] observes the directions a ≤ atan2(kz, kx) ≤ b of the (kx, kz) plane (modulo 180°), and the
// missing wedge lies about kz.
#pragma once

#include <vector>

#include "tessera/base/vec3.h"

namespace tessera {

struct TiltRange {
  double min_deg = -60, max_deg = 60, step_deg = 3;
};

// The tilt angles in radians: min, min + step, … not beyond max. [−60, 60] by 3 gives 41.
// UserError when the range is empty, the step is not positive or an angle lies beyond ±90°.
std::vector<double> tilt_angles(const TiltRange& range);

// Where the specimen's point lies in the image of tilt θ: (x_image, y_image, depth along the beam).
Vec3 image_from_specimen(Vec3 specimen, double tilt);

// The specimen's frequency that image frequency (u, v) of tilt θ observes.
Vec3 specimen_frequency(double u, double v, double tilt);

}  // namespace tessera
