// SPDX-License-Identifier: GPL-3.0-or-later
// Atomic models from PDB and mmCIF files, plain or gzip.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tessera/base/vec3.h"

namespace tessera {

struct Atom {
  Vec3 position_A;
  int atomic_number = 6;
  float mass = 12.011f;  // Da
  float occupancy = 1;
  float b_factor_A2 = 0;
};

struct AtomicModel {
  std::string name;  // the file's name without folder and extensions
  std::vector<Atom> atoms;
  int64_t chain_count = 0;         // chains with at least one atom kept, copies of an assembly counted each
  std::vector<std::string> notes;  // what was done or left out, a sentence each, for the user
};

// The first model is read, and of alternative locations (of atoms, or of whole residues) the first. Of a file named
// *.pdb1, *.pdb2, … (the archive's assemblies in PDB format) every model is a copy, and all are read.
struct AtomSelection {
  // Biological assembly 1 of the file's records (BIOMT, _pdbx_struct_assembly), the one the archive prefers; where
  // there is none, the non-crystallographic copies (MTRIX) that the file does not hold already; else the atoms as they
  // are.
  bool assembly = true;
  bool hydrogens = false;  // deuterium is a hydrogen
  bool waters = false;
  std::vector<std::string> chains = {};  // only these, by the authors' names; empty: all
};

// Format by content, not by name. An element that is missing, unknown or impossible in its residue is deduced from the
// atom's name (atom_element.h). Atoms at exactly zero occupancy are kept with it.
// IoError: no such file, broken gzip, not a structure, a chain it does not have (naming those it has), an operator of
// its assembly that is no rotation with a shift, no atoms left (saying how many were left out and why).
// Cost about 10 MB/s of plain text.
AtomicModel read_atoms(const std::filesystem::path& path, const AtomSelection& selection = {});

}  // namespace tessera
