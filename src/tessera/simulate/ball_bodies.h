// SPDX-License-Identifier: GPL-3.0-or-later
// What is packed, as balls and bonds: rigid macromolecules, filaments, membranes ([P] 2.1).
#pragma once

#include <array>
#include <vector>

#include "tessera/simulate/ball_engine.h"
#include "tessera/simulate/coarse_grain.h"
#include "tessera/simulate/scene_file.h"

namespace tessera {

enum class BodyKind { macromolecule, filament, membrane };

// One body about its own origin; bonds and angles have the lengths and angles of the balls as they stand here.
struct BallBody {
  BodyKind kind = BodyKind::macromolecule;
  int32_t request = 0;      // which species, filament or membrane of the request
  std::vector<Ball> balls;  // a macromolecule: relative to its centre of mass
  std::vector<BallBond> bonds;
  std::vector<BallAngle> angles;
  std::vector<std::array<int32_t, 3>> triangles;  // of a membrane, outward normals (scene.h)
  double mass_Da = 5000;                          // of each ball
  double volume_A3 = 0;                           // inside the isosurface of a macromolecule; the balls' own otherwise
};

// Every ball bonded to every other, so that the body stays rigid.
BallBody rigid_body(const CoarseModel& model, double ball_mass_Da);
// One ball around all atoms, as heavy as the balls of rigid_body together.
BallBody single_ball_body(const CoarseModel& model, double ball_mass_Da);
// Balls along x, each bonded to the next; angles of 180° at the inner ones.
BallBody filament_body(const FilamentRequest& request, double ball_mass_Da);
// A sheet in the plane z = 0, ball (i, j) at index i·n + j; bonds to the 8 neighbours (3 at a corner, 5 at an edge),
// angles of 180° along its rows and columns. A vesicle: the vertices of an icosahedron whose faces are divided into
// ν² triangles, on a sphere, bonds along their edges (5 or 6 at a ball); ν the least with edges up to the spacing.
BallBody membrane_body(const MembraneRequest& request, double ball_mass_Da);

}  // namespace tessera
