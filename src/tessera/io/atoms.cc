// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/atoms.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <gemmi/mmread.hpp>
#include <set>

#include "tessera/base/errors.h"
#include "tessera/io/assembly.h"
#include "tessera/io/atom_element.h"
#include "tessera/io/gzip_file.h"

namespace tessera {
namespace fs = std::filesystem;
namespace {

// Plain or gzip, whole.
std::string text_of(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) throw IoError(fmt::format("{}: no such file", path.string()));
  if (fs::is_directory(path, error)) throw IoError(fmt::format("{}: is a folder, not a structure", path.string()));
  return read_gzip_file(path, size_t{4} << 30);
}

// Length of the number in "1abc.pdb1", the archive's name for an assembly with a model for each copy; 0 otherwise.
size_t copies_ending(const std::string& name) {
  const size_t dot = name.rfind(".pdb");
  const size_t digits = dot == std::string::npos ? 0 : name.size() - dot - 4;
  const bool all = std::all_of(name.end() - static_cast<int64_t>(digits), name.end(),
                               [](unsigned char c) { return std::isdigit(c); });
  return all ? digits : 0;
}

std::string name_of(const fs::path& path) {
  std::string name = path.filename().string();
  const auto drop = [&](std::string_view ending) {
    if (name.size() > ending.size() && name.ends_with(ending)) name.resize(name.size() - ending.size());
  };
  drop(".gz");
  if (const size_t digits = copies_ending(name)) name.resize(name.size() - digits);
  for (const char* ending : {".pdb", ".ent", ".cif", ".mmcif"}) drop(ending);
  return name;
}

// Some programs write bare BIOMT records: the lines that name the assembly and its chains are put before them.
void complete_assembly_records(std::string& text) {
  const size_t matrix = text.find("REMARK 350   BIOMT1");
  if (matrix == std::string::npos) return;
  if (text.find("REMARK 350 APPLY THE FOLLOWING TO CHAINS:") == std::string::npos)
    text.insert(matrix, "REMARK 350 APPLY THE FOLLOWING TO CHAINS: (all)\n");
  if (text.find("REMARK 350 BIOMOLECULE:") == std::string::npos)
    text.insert(text.find("REMARK 350"), "REMARK 350 BIOMOLECULE: 1\n");
}

gemmi::Structure parse(std::string& text, const fs::path& path) {
  const bool has_atoms = text.find("\nATOM  ") != std::string::npos || text.starts_with("ATOM  ") ||
                         text.find("\nHETATM") != std::string::npos || text.starts_with("HETATM");
  const bool is_cif = text.find("_atom_site.") != std::string::npos;
  if (!has_atoms && !is_cif)
    throw IoError(fmt::format("{}: holds no atoms; a PDB or mmCIF file is needed", path.string()));
  try {
    if (!is_cif) {
      complete_assembly_records(text);
      return gemmi::read_pdb_string(text, path.string());
    }
    gemmi::cif::Document document = gemmi::cif::read_memory(text.data(), text.size(), path.c_str());
    gemmi::Structure structure = structure_with_assemblies(std::move(document));
    structure.merge_chain_parts();  // ligands and waters stand apart from their chain in the file
    return structure;
  } catch (const std::exception& error) {
    throw IoError(fmt::format("{}: is not a readable structure: {}", path.string(), error.what()));
  }
}

// Reads the first model as kept by the selection, counting what is left out.
struct Collector {
  const AtomSelection& selection;
  AtomicModel out;
  int64_t hydrogens = 0, waters = 0, alternatives = 0, placeless = 0, unknown = 0;

  void take(const gemmi::Model& model) {
    for (const gemmi::Chain& chain : model.chains) {
      const size_t before = out.atoms.size();
      for (size_t i = 0; i < chain.residues.size(); ++i)
        take(chain.residues[i], i > 0 ? &chain.residues[i - 1] : nullptr);
      out.chain_count += out.atoms.size() > before;
    }
  }

  // `before`: the residue that precedes in the chain; two of one number are alternatives of each other.
  void take(const gemmi::Residue& residue, const gemmi::Residue* before) {
    const bool water = residue.name == "HOH" || residue.name == "DOD" || residue.name == "WAT" || residue.name == "H2O";
    if (water && !selection.waters) {
      waters += static_cast<int64_t>(residue.atoms.size());
      return;
    }
    const bool second_residue = before && before->seqid == residue.seqid && !before->atoms.empty() &&
                                before->atoms.front().altloc != '\0' && before->segment == residue.segment;
    std::set<std::string> seen;  // first alternative of each atom name
    for (const gemmi::Atom& atom : residue.atoms) {
      const gemmi::Element element = element_of(atom, residue);
      const bool alternative = atom.altloc != '\0' && (second_residue || !seen.insert(atom.name).second);
      if (element.is_hydrogen() && !selection.hydrogens) {
        ++hydrogens;
      } else if (alternative) {
        ++alternatives;
      } else {
        keep(atom, element);
      }
    }
  }

  void keep(const gemmi::Atom& atom, gemmi::Element element) {
    Atom& kept = out.atoms.emplace_back();
    kept.position_A = {atom.pos.x, atom.pos.y, atom.pos.z};
    if (element == gemmi::El::X) {
      ++unknown;
    } else {
      kept.atomic_number = element.atomic_number();
      kept.mass = static_cast<float>(element.weight());
    }
    kept.occupancy = atom.occ;
    kept.b_factor_A2 = atom.b_iso;
  }

  void add_notes() {
    const auto note = [&](int64_t count, const char* what) {
      if (count > 0) out.notes.push_back(fmt::format("{} {}", count, what));
    };
    note(hydrogens, "hydrogen atoms left out");
    note(waters, "atoms of water left out");
    note(alternatives, "atoms at alternative locations left out");
    note(placeless, "atoms without coordinates left out");
    note(unknown, "atoms of unknown element are taken for carbon");
  }
};

// Takes out atoms at no place (unknown coordinates in mmCIF) and returns their number.
int64_t drop_placeless(gemmi::Model& model) {
  int64_t count = 0;
  const auto placeless = [](const gemmi::Atom& atom) {
    const double largest_A = 1e7;  // 1 mm; beyond, sums of coordinates lose their meaning
    return !(std::abs(atom.pos.x) < largest_A && std::abs(atom.pos.y) < largest_A && std::abs(atom.pos.z) < largest_A);
  };
  for (gemmi::Chain& chain : model.chains)
    for (gemmi::Residue& residue : chain.residues)
      count += static_cast<int64_t>(std::erase_if(residue.atoms, placeless));
  return count;
}

// Leaves the chains that are asked for.
void keep_chains(gemmi::Structure& structure, const std::vector<std::string>& wanted, const fs::path& path) {
  std::set<std::string> known;
  for (const gemmi::Model& model : structure.models)
    for (const gemmi::Chain& chain : model.chains) known.insert(chain.name);
  for (const std::string& name : wanted)
    if (!known.count(name))
      throw IoError(fmt::format("{}: has no chain {}; its chains are {}", path.string(), name, fmt::join(known, ", ")));
  for (gemmi::Model& model : structure.models)
    std::erase_if(model.chains, [&](const gemmi::Chain& chain) {
      return std::find(wanted.begin(), wanted.end(), chain.name) == wanted.end();
    });
}

}  // namespace

AtomicModel read_atoms(const fs::path& path, const AtomSelection& selection) {
  std::string text = text_of(path);
  gemmi::Structure structure = parse(text, path);
  text.clear();
  text.shrink_to_fit();
  if (structure.models.empty())
    throw IoError(fmt::format(
        "{}: holds no model with atoms (of mmCIF, the _atom_site table may lack columns); get it from the PDB",
        path.string()));
  if (!selection.chains.empty()) keep_chains(structure, selection.chains, path);
  Collector collector{selection, {}};
  collector.out.name = name_of(path);
  for (gemmi::Model& model : structure.models) collector.placeless += drop_placeless(model);
  std::string plain_name = path.filename().string();
  if (plain_name.ends_with(".gz")) plain_name.resize(plain_name.size() - 3);
  const size_t models = structure.models.size();
  if (selection.assembly && models > 1 && copies_ending(plain_name) > 0) {
    for (const gemmi::Model& model : structure.models) collector.take(model);
    collector.out.notes.push_back(fmt::format("the {} models are the copies of a biological assembly", models));
  } else {
    collector.take(selection.assembly ? assembled(structure, path, collector.out.notes) : structure.models.front());
    if (models > 1) collector.out.notes.push_back(fmt::format("the first of {} models is used", models));
  }
  collector.add_notes();
  if (collector.out.atoms.empty())
    throw IoError(fmt::format(
        "{}: no atoms left ({} hydrogens, {} of water and {} without coordinates were left out); give another file",
        path.string(), collector.hydrogens, collector.waters, collector.placeless));
  return std::move(collector.out);
}

}  // namespace tessera
