// SPDX-License-Identifier: GPL-3.0-or-later
// Structures that need no file: made by code from a short description, each different in shape, size and symmetry.
#pragma once

#include <string>
#include <vector>

#include "tessera/io/atoms.h"

namespace tessera {

struct BuiltinInfo {
  std::string name;      // used as builtin:NAME
  std::string title;     // one line
  std::string symmetry;  // point group, axes as in point_group(): C7, D7, T, O, I1
  double mass_kDa = 0;   // hydrogens included
};

// Every built-in structure, in the order of listing.
std::vector<BuiltinInfo> builtin_structures();

// The atoms of one: helices and loops of residue-size atom groups that fill the described shape at the density of
// protein (0.81 Da/Å³), repeated by the point group about the origin. The same atoms in every run. UserError on an
// unknown name, listing the nearest. About 0.1 s for 2.5 MDa.
AtomicModel make_builtin(const std::string& name);

// A structure as the user names it: builtin:NAME, or the path of a PDB or mmCIF file read with `selection`; of
// FILE#A,B only the chains A and B (unless a file has that very name).
AtomicModel load_structure(const std::string& spec, const AtomSelection& selection = {});

// The file of such a name, without "#A,B"; empty for builtin:NAME.
std::string structure_file(const std::string& spec);

}  // namespace tessera
