// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/zxz_angles.h"

#include <cmath>

#include "tessera/base/units.h"

namespace tessera {
namespace {

double wrapped(double angle_deg) {
  return std::remainder(angle_deg, 360.0);
}

}  // namespace

// Rx(a) = Rz(−90°) Ry(a) Rz(90°), so turns about z, x, z are turns about z, y, z whose outer two differ by 90°.

Rotation from_dynamo(DynamoAngles a) {
  return Rotation::from_relion({a.narot_deg - 90, a.tilt_deg, a.tdrot_deg + 90});
}

DynamoAngles dynamo_angles(const Rotation& particle_from_ref) {
  const RelionAngles a = particle_from_ref.relion();
  return {wrapped(a.psi_deg - 90), a.tilt_deg, wrapped(a.rot_deg + 90)};
}

Rotation from_av3(Av3Angles a) {
  return Rotation::from_euler({(a.psi_deg - 90) * degree, a.theta_deg * degree, (a.phi_deg + 90) * degree});
}

Av3Angles av3_angles(const Rotation& particle_from_ref) {
  const EulerZyz e = particle_from_ref.euler();
  return {wrapped(e.gamma / degree - 90), wrapped(e.alpha / degree + 90), e.beta / degree};
}

}  // namespace tessera
