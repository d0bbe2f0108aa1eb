// SPDX-License-Identifier: GPL-3.0-or-later
// The element of an atom where the file's element column cannot be believed. Used by atoms.cc alone.
#pragma once

namespace gemmi {
struct Atom;
struct Element;
struct Residue;
}  // namespace gemmi

namespace tessera {

// The element of the file, unless it is unknown or impossible in the residue; then that which the atom's name says:
//   standard amino acid or nucleotide: H, D, C, N, O, P, S and Se only, so the name's first letter (CA is a carbon);
//   a residue of one atom: the whole name (CA is calcium);
//   other groups: a two-letter element whose name no carbon, nitrogen, oxygen or hydrogen bears (FE, ZN, CL, …), else
//   the first letter.
// El::X where nothing fits.
gemmi::Element element_of(const gemmi::Atom& atom, const gemmi::Residue& residue);

}  // namespace tessera
