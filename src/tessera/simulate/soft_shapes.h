// SPDX-License-Identifier: GPL-3.0-or-later
// Densities that follow from a distance: balls, tubes, bilayers and gold beads.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "tessera/base/vec3.h"

namespace tessera {

// What fills the parts of a scene that have no atoms, in the units of a density kernel (simulate/density.h).
//   potential, volts above vitreous ice: C Σ f(0)/volume − 4.53 V with the f(0) of Peng et al. (1996) and C = 47.878
//     V·Å². protein: averagine at 0.81 Da/Å³; heads: phosphocholine to carbonyl C10H18NO8P, 320 Å³ in a layer of 9 Å ×
//     64 Å² with water (Nagle & Tristram-Nagle 2000); chains: CH2 in 27 Å³; methyl: CH3 in 54 Å³; gold in 16.96 Å³.
//   situs, mass in Da/Å³: the same groups by their mass, no water.
struct MaterialDensities {
  double protein, heads, chains, methyl, gold;
};
MaterialDensities material_densities(const std::string& kernel);  // UserError on a kernel that is not known

// A uniform stretch from `low` to `high`, blurred by a Gaussian of standard deviation `sigma`, at `place`: 0 … 1.
double blurred_stretch(double place, double low, double high, double sigma);

// A bilayer `thickness_A` across its head groups, at distance d from its mid-surface: heads 9 Å deep (a third of a thin
// bilayer), chains between them, 5 Å of methyl groups in the middle; blurred.
double bilayer_density(double distance_A, double thickness_A, double sigma_A, const MaterialDensities& materials);

// The distance of a point from the triangle a b c (Ericson 2005, 5.1.5), and from the polyline through `nodes`.
double distance_to_triangle(Vec3 point, Vec3 a, Vec3 b, Vec3 c);
double distance_to_segment(Vec3 point, Vec3 a, Vec3 b);

}  // namespace tessera
