// SPDX-License-Identifier: GPL-3.0-or-later
// Biological assemblies of a structure. Used by atoms.cc alone.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gemmi {
struct Model;
struct Structure;
namespace cif {
struct Document;
}
}  // namespace gemmi

namespace tessera {

// The first model with the copies that make its biological assembly:
//   the assembly named 1, which is the archive's preferred one, or where none has that name the first with any chains;
//   without assembly records, the copies that MTRIX records tell to make;
//   otherwise, or where the assembly names none of the chains, the model as it is.
// Copies of one atom that coincide within 0.2 Å (on a symmetry axis, or because the file holds the copies that its
// records tell to make) are merged, their occupancies added up to 1.
// What was done goes to `notes`. Atoms must have finite positions. Cost about 1 µs per atom of the result.
// Operators that are no rotations with a shift (within 0.01; of less than 1 mm) are taken for fractional coordinates of
// the unit cell, as of some entries of the early 1990s. IoError, naming the file: they are none there either.
gemmi::Model assembled(const gemmi::Structure& structure, const std::filesystem::path& file,
                       std::vector<std::string>& notes);

// An mmCIF structure with the assemblies gemmi passes over: those whose tables lack a column that is not needed, and
// products of operators such as (1-60)(61-88), where gemmi takes the first factor alone.
gemmi::Structure structure_with_assemblies(gemmi::cif::Document document);

}  // namespace tessera
