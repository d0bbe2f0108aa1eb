// SPDX-License-Identifier: GPL-3.0-or-later
// The angles of programs that turn about z, x and z. All in degrees; each gives the active, right-handed rotation from
// the reference to the particle.
#pragma once

#include "tessera/so3/rotation.h"

namespace tessera {

// Dynamo (columns 7 to 9 of a table; Castaño-Díez et al. 2012): the reference turns clockwise by tdrot about z, by tilt
// about its new x, by narot about its new z. particle_from_ref = Rz(−tdrot) Rx(−tilt) Rz(−narot).
struct DynamoAngles {
  double tdrot_deg = 0, tilt_deg = 0, narot_deg = 0;
};
Rotation from_dynamo(DynamoAngles angles);
DynamoAngles dynamo_angles(const Rotation& particle_from_ref);  // tdrot, narot in [−180, 180], tilt in [0, 180]

// TOM and AV3 (rows 17 to 19 of a motive list; Förster et al. 2005): phi about z, theta about x, psi about z, all about
// fixed axes and anticlockwise. particle_from_ref = Rz(psi) Rx(theta) Rz(phi).
struct Av3Angles {
  double phi_deg = 0, psi_deg = 0, theta_deg = 0;
};
Rotation from_av3(Av3Angles angles);
Av3Angles av3_angles(const Rotation& particle_from_ref);  // phi, psi in [−180, 180], theta in [0, 180]

}  // namespace tessera
