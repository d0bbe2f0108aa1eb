// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/atoms.h"

#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <gemmi/assembly.hpp>
#include <gemmi/mmread.hpp>
#include <memory>
#include <set>

#include "tessera/base/errors.h"

namespace tessera {
namespace fs = std::filesystem;
namespace {

struct GzCloser {
  void operator()(gzFile file) const { gzclose_r(file); }
};

// Plain or gzip, whole. The CRC of gzip is checked by zlib; a stream that ends early is an error.
std::string read_maybe_gzip(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) throw IoError(fmt::format("{}: no such file", path.string()));
  if (fs::is_directory(path, error)) throw IoError(fmt::format("{}: is a folder, not a structure", path.string()));
  const std::unique_ptr<std::remove_pointer_t<gzFile>, GzCloser> file(gzopen(path.c_str(), "rb"));
  if (!file) throw IoError(fmt::format("{}: cannot be opened; check its permissions", path.string()));
  std::string text;
  std::vector<char> buffer(1 << 20);
  while (true) {
    const int count = gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
    int code = Z_OK;
    const char* message = gzerror(file.get(), &code);
    if (count < 0 || (code != Z_OK && code != Z_STREAM_END))
      throw IoError(fmt::format("{}: broken gzip ({}); download it again", path.string(), message));
    if (count == 0) break;
    text.append(buffer.data(), static_cast<size_t>(count));
    if (text.size() > (size_t{4} << 30))
      throw IoError(fmt::format("{}: over 4 GB of text is no structure", path.string()));
  }
  return text;
}

std::string name_of(const fs::path& path) {
  std::string name = path.filename().string();
  for (const char* ending : {".gz", ".pdb", ".ent", ".cif", ".mmcif"})
    if (name.size() > std::string_view(ending).size() && name.ends_with(ending))
      name.resize(name.size() - std::string_view(ending).size());
  return name;
}

gemmi::Structure parse(std::string& text, const fs::path& path) {
  const bool has_atoms = text.find("\nATOM  ") != std::string::npos || text.starts_with("ATOM  ") ||
                         text.find("\nHETATM") != std::string::npos || text.starts_with("HETATM");
  const bool is_cif = text.find("_atom_site.") != std::string::npos;
  if (!has_atoms && !is_cif)
    throw IoError(fmt::format("{}: holds no atoms; a PDB or mmCIF file is needed", path.string()));
  try {
    if (!is_cif) return gemmi::read_pdb_string(text, path.string());
    gemmi::cif::Document document = gemmi::cif::read_memory(text.data(), text.size(), path.c_str());
    return gemmi::make_structure(std::move(document));
  } catch (const std::exception& error) {
    throw IoError(fmt::format("{}: is not a readable structure: {}", path.string(), error.what()));
  }
}

// The element: of the file where it is one, otherwise from the atom's name. In a polymer a name begins with its
// element's letter (CA is a carbon); in a hetero group of one atom the name is the element (CA is calcium).
gemmi::Element element_of(const gemmi::Atom& atom, const gemmi::Residue& residue) {
  if (atom.element != gemmi::El::X) return atom.element;
  std::string letters;
  for (const char c : atom.name)
    if (std::isalpha(static_cast<unsigned char>(c)))
      letters += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (letters.empty()) return gemmi::El::X;
  if (residue.atoms.size() == 1) {
    const gemmi::Element whole(letters);
    if (whole != gemmi::El::X) return whole;
  }
  return gemmi::Element(letters.substr(0, 1));
}

const gemmi::Assembly* first_assembly(const gemmi::Structure& structure) {
  return structure.assemblies.empty() ? nullptr : &structure.assemblies.front();
}

// Reads the first model as kept by the selection, counting what is left out.
struct Collector {
  const AtomSelection& selection;
  AtomicModel out;
  int64_t hydrogens = 0, waters = 0, alternatives = 0, unknown = 0;

  void take(const gemmi::Model& model) {
    for (const gemmi::Chain& chain : model.chains) {
      const size_t before = out.atoms.size();
      for (const gemmi::Residue& residue : chain.residues) take(residue);
      out.chain_count += out.atoms.size() > before;
    }
  }

  void take(const gemmi::Residue& residue) {
    const bool water = residue.name == "HOH" || residue.name == "DOD" || residue.name == "WAT" || residue.name == "H2O";
    if (water && !selection.waters) {
      waters += static_cast<int64_t>(residue.atoms.size());
      return;
    }
    std::set<std::string> seen;  // first alternative of each atom name
    for (const gemmi::Atom& atom : residue.atoms) {
      const gemmi::Element element = element_of(atom, residue);
      if (element.is_hydrogen() && !selection.hydrogens) {
        ++hydrogens;
        continue;
      }
      if (atom.altloc != '\0' && !seen.insert(atom.name).second) {
        ++alternatives;
        continue;
      }
      if (element == gemmi::El::X) ++unknown;
      Atom& kept = out.atoms.emplace_back();
      kept.position_A = {atom.pos.x, atom.pos.y, atom.pos.z};
      if (element != gemmi::El::X) {
        kept.atomic_number = element.atomic_number();
        kept.mass = static_cast<float>(element.weight());
      }
      kept.occupancy = atom.occ;
      kept.b_factor_A2 = atom.b_iso;
    }
  }
};

}  // namespace

AtomicModel read_atoms(const fs::path& path, const AtomSelection& selection) {
  std::string text = read_maybe_gzip(path);
  gemmi::Structure structure = parse(text, path);
  text.clear();
  text.shrink_to_fit();
  if (structure.models.empty()) throw IoError(fmt::format("{}: holds no model", path.string()));
  Collector collector{selection, {}};
  collector.out.name = name_of(path);
  const gemmi::Assembly* assembly = selection.assembly ? first_assembly(structure) : nullptr;
  if (assembly) {
    gemmi::Model model =
        gemmi::make_assembly(*assembly, structure.models.front(), gemmi::HowToNameCopiedChain::Dup, nullptr);
    gemmi::merge_atoms_in_expanded_model(model, gemmi::UnitCell());
    collector.take(model);
    size_t operators = 0;
    for (const auto& generator : assembly->generators) operators += generator.operators.size();
    if (collector.out.atoms.empty()) {
      collector.out.notes.push_back(
          fmt::format("assembly {} names no chain of the file: the file's atoms are used as they are", assembly->name));
      collector.take(structure.models.front());
    } else {
      collector.out.notes.push_back(fmt::format("biological assembly {} from {} operators", assembly->name, operators));
    }
  } else {
    collector.take(structure.models.front());
  }
  AtomicModel& out = collector.out;
  const auto note = [&](int64_t count, const char* what) {
    if (count > 0) out.notes.push_back(fmt::format("{} {} left out", count, what));
  };
  note(collector.hydrogens, "hydrogen atoms");
  note(collector.waters, "atoms of water");
  note(collector.alternatives, "atoms at alternative locations");
  if (collector.unknown > 0)
    out.notes.push_back(fmt::format("{} atoms of unknown element are taken for carbon", collector.unknown));
  if (structure.models.size() > 1)
    out.notes.push_back(fmt::format("the first of {} models is used", structure.models.size()));
  if (out.atoms.empty())
    throw IoError(fmt::format("{}: no atoms left ({} hydrogens and {} water atoms were left out)", path.string(),
                              collector.hydrogens, collector.waters));
  return out;
}

}  // namespace tessera
