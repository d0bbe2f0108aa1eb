// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/atom_element.h"

#include <algorithm>
#include <cctype>
#include <gemmi/model.hpp>
#include <gemmi/resinfo.hpp>
#include <initializer_list>
#include <string>

namespace tessera {
namespace {

using gemmi::El;

std::string capital_letters(const std::string& name) {
  std::string letters;
  for (const unsigned char c : name)
    if (std::isalpha(c)) letters += static_cast<char>(std::toupper(c));
  return letters;
}

bool is_one_of(El element, std::initializer_list<El> list) {
  return std::find(list.begin(), list.end(), element) != list.end();
}

bool is_standard_polymer(const gemmi::Residue& residue) {
  const gemmi::ResidueInfo info = gemmi::find_tabulated_residue(residue.name);
  return info.is_standard() && (info.is_amino_acid() || info.is_nucleic_acid());
}

El from_name_in_group(const std::string& letters) {
  const El pair = gemmi::Element(letters.substr(0, 2));
  const bool safe = is_one_of(pair, {El::Fe, El::Zn, El::Mg, El::Mn, El::Cu, El::Ni, El::Cl, El::Br, El::Se, El::Si,
                                     El::Al, El::Mo, El::Ag, El::Au, El::Pt, El::Pb, El::Li, El::Be});
  return letters.size() == 2 && safe ? pair : gemmi::Element(letters.substr(0, 1)).elem;
}

}  // namespace

gemmi::Element element_of(const gemmi::Atom& atom, const gemmi::Residue& residue) {
  const El stated = atom.element.elem;
  const bool polymer = residue.atoms.size() > 1 && is_standard_polymer(residue);
  const bool possible =
      stated != El::X && (!polymer || is_one_of(stated, {El::H, El::D, El::C, El::N, El::O, El::P, El::S, El::Se}));
  if (possible) return stated;
  const std::string letters = capital_letters(atom.name);
  if (letters.empty()) return El::X;
  if (polymer) return gemmi::Element(letters.substr(0, 1));
  const gemmi::Element whole(letters);
  if (residue.atoms.size() == 1 && whole != El::X) return whole;
  return from_name_in_group(letters);
}

}  // namespace tessera
