// SPDX-License-Identifier: GPL-3.0-or-later
// How evenly the particles of a class are turned.
#pragma once

#include <vector>

#include "tessera/base/vec3.h"
#include "tessera/so3/rotation.h"

namespace tessera {

struct WeightedRotation {
  Rotation particle_from_ref;
  double weight = 1;  // e.g. the posterior probability
};

// Shares of a sphere of viewing directions and of SO(3) that the particles use, measured by the entropy of their
// weight over bins of equal size: exp(H)/bins, with the entropy that a sample of N leaves out added (Miller 1955:
// (occupied bins − 1)/2N), so that uniform rotations give about 1 for any number of them, and 1/bins if all are alike.
struct AngularCoverage {
  double directions = 0;         // effective share of the sphere of directions R⁻¹z
  double rotations = 0;          // effective share of SO(3)
  double largest_share = 0;      // of the weight, in one bin of directions
  double largest_excess = 0;     // the same over the share that a uniform distribution gives the bin
  Vec3 most_common_direction;    // centre of that bin, unit vector in the frame of the reference
  double effective_samples = 0;  // (Σw)²/Σw²
  int direction_bins = 0, rotation_bins = 0;
};

// The beam runs along z of the particle, so R⁻¹z is where it crossed the reference and where the missing wedge lies.
// Directions fall into the 12·m² cells of HEALPix (Górski et al. 2005, Astrophys. J. 622, 759), all of the same area;
// rotations into cells × 6m equal intervals of the angle about that direction (Yershova et al. 2010, Int. J. Robot.
// Res. 29, 801). m = 1, 2 or 4, the finest with at least four effective samples a direction bin (never less than 1).
// No weight at all: zeros. Cost: 0.1 µs a rotation.
AngularCoverage angular_coverage(const std::vector<WeightedRotation>& rotations);

// Index of the HEALPix cell (ring order) of a unit vector, 0 … 12·side² − 1; and the centre of a cell.
int healpix_cell(Vec3 direction, int side);
Vec3 healpix_centre(int cell, int side);

}  // namespace tessera
