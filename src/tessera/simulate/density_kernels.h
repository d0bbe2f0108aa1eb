// SPDX-License-Identifier: GPL-3.0-or-later
// The two ways from placed atoms to voxels (simulate/density.h states what they mean).
#pragma once

#include <vector>

#include "tessera/io/atoms.h"
#include "tessera/volume/volume.h"

namespace tessera {

// An atom with its place in the grid: position in voxels (x, y, z), inside the box.
struct PlacedAtom {
  Vec3 voxel;
  const Atom* atom;
};

// Mass density in Da/Å³. Sets `kernel_skipped` when the resolution is too fine for a kernel.
Volume<float> situs_density(const std::vector<PlacedAtom>& atoms, const Grid& grid, double resolution_A,
                            bool& kernel_skipped);

// Potential in volts above vitreous ice. With `implied_hydrogens` the mean number of hydrogens in protein is added at
// each C, N and O: 1.24, 1.1, 0.1, which gives the hydrogens of averagine, C4.94 H7.76 N1.36 O1.48 S0.04 (Senko et al.
// 1995).
Volume<float> potential_density(const std::vector<PlacedAtom>& atoms, const Grid& grid, double resolution_A,
                                bool implied_hydrogens);

}  // namespace tessera
