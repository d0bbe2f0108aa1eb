// SPDX-License-Identifier: GPL-3.0-or-later
// Fills a shape with protein-like matter.
#pragma once

#include "tessera/simulate/builtin_shapes.h"

namespace tessera {

// Mean mass of a residue, hydrogens included, and of its eight heavy atoms here (averagine, Senko et al. 1995), in Da.
inline constexpr double residue_mass_Da = 111.05;
// Protein of 1.35 g/cm³.
inline constexpr double protein_density_Da_A3 = 0.81;

// The atoms of one asymmetric unit: α-helices (1.5 Å and 100° a residue, axes at least 9.5 Å apart) and, between them,
// loops of single residues, in the volume where the unit's capsules lie nearer than those of every symmetric copy.
// Deterministic.
std::vector<Atom> fill_unit(const BuiltinShape& shape);

}  // namespace tessera
