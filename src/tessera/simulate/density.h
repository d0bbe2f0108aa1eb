// SPDX-License-Identifier: GPL-3.0-or-later
// Atomic models → density maps.
#pragma once

#include <string>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/option.h"
#include "tessera/io/atoms.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct DensityOptions {
  int box = 64;
  double voxel_size_A = 6;
  double resolution_A = 12;
  std::string kernel = "potential";
  bool allow_outside = false;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"box", "voxels", "Edge of the cubic map", "Density"}, box);
    visit(Option{"voxel-size", "Å", "Edge of a voxel", "Density"}, voxel_size_A);
    visit(Option{"resolution", "Å", "Target resolution R: a Gaussian of σ = R/(2√3) per axis", "Density"},
          resolution_A);
    visit(Option{"kernel", "", "potential (electrostatic, solvent subtracted) or situs (mass, as pdb2vol)", "Density"},
          kernel);
    visit(Option{"allow-outside", "", "Cut off atoms outside the box instead of refusing the structure", "Density"},
          allow_outside);
  }
  void add_faults(Faults& faults) const;
};

struct DensityResult {
  Map map;                         // the structure's centre of mass at voxel n/2
  double mass_Da = 0;              // atoms of the model, hydrogens left out
  double diameter_A = 0;           // twice the largest distance of an atom from the centre of mass
  int64_t atoms = 0;               // heavy atoms of the model
  int64_t atoms_outside = 0;       // of these, outside the box and left out
  bool kernel_skipped = false;     // situs: half-height radius under one voxel, no kernel applied
  std::vector<std::string> notes;  // what the user should know, a sentence each
};

// kernel = situs: mass-weighted trilinear splat in Da/Å³, convolved with a Gaussian of σ = R/(2√3) per axis less the
//   splat's own variance; no kernel at all where its half-height radius (R/2)√(ln 2/1.5) is under one voxel (Wriggers
//   2010, pdb2vol). The sum over voxels times the voxel volume is the mass.
// kernel = potential: mean electrostatic potential of each voxel in volts above vitreous ice,
//   Σ_atoms (h²/2πme) Σ_i a_i G(b_i + B_R) − 4.53 V · v_atom G(solvent) with Peng's (1996) five Gaussians integrated
//   over the voxel by erf, displaced volumes v of Fraser et al. (1978), B_R the Gaussian of the target resolution. A
//   model without hydrogens gets the mean number of them on its C, N and O (density_potential.cc says which).
// Occupancies and B factors count in `potential` (B capped at 200 Å²); `situs` uses masses alone.
// UserError: no heavy atoms; atoms outside the box (number, diameter, box needed), unless allow_outside.
// Cost: situs O(atoms + voxels log voxels); potential about 1 µs per atom and 100 voxels under its Gaussians.
DensityResult density_of(const AtomicModel& model, const DensityOptions& options);

}  // namespace tessera
