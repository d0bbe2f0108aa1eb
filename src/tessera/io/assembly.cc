// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/assembly.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <gemmi/assembly.hpp>
#include <gemmi/mmread.hpp>
#include <map>
#include <unordered_map>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

constexpr double coincidence_A = 0.2;

const gemmi::Assembly* preferred(const gemmi::Structure& structure) {
  const gemmi::Assembly* first = nullptr;
  for (const gemmi::Assembly& assembly : structure.assemblies) {
    if (assembly.generators.empty()) continue;
    if (assembly.name == "1") return &assembly;
    if (!first) first = &assembly;
  }
  return first;
}

// Within what records are rounded to.
bool is_motion(const gemmi::Transform& transform) {
  constexpr double rounding = 0.01, largest_shift_A = 1e7;
  const gemmi::Mat33 product = transform.mat.multiply(transform.mat.transpose());
  bool out = transform.mat.determinant() > 0;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) out = out && std::abs(product[i][j] - (i == j)) < rounding;
    out = out && std::abs(transform.vec.at(i)) < largest_shift_A;
  }
  return out;
}

// Copies are made by rotations and shifts. Some old entries give them in fractions of the unit cell's axes, which shows
// where its angles are not right ones; else the file is damaged, and copies would be sheared or nowhere.
using NamedTransforms = std::vector<std::pair<std::string, gemmi::Transform*>>;
void make_motions(const NamedTransforms& operators, const gemmi::UnitCell& cell, const std::filesystem::path& file,
                  std::vector<std::string>& notes) {
  const auto is_wrong = [](const auto& named) { return !is_motion(*named.second); };
  const auto wrong = std::find_if(operators.begin(), operators.end(), is_wrong);
  if (wrong == operators.end()) return;
  const auto refuse = [&] {
    throw IoError(
        fmt::format("{}: {} of its assembly is not a rotation and a shift; get the file from the PDB anew, or take its "
                    "atoms as they stand (--no-assembly)",
                    file.string(), wrong->first));
  };
  if (!cell.is_crystal()) refuse();
  for (const auto& [name, transform] : operators) {
    *transform = cell.orth.combine(*transform).combine(cell.frac);
    if (!is_motion(*transform)) refuse();
  }
  notes.emplace_back("the operators of the assembly are given in fractions of the unit cell");
}

std::string description(const gemmi::Assembly& assembly, const gemmi::Structure& structure) {
  size_t operators = 0;
  for (const auto& generator : assembly.generators) operators += generator.operators.size();
  std::string out = fmt::format("biological assembly {}", assembly.name);
  if (structure.assemblies.size() > 1) out += fmt::format(" of {}", structure.assemblies.size());
  if (assembly.author_determined || assembly.software_determined)
    out += fmt::format(" ({})", assembly.author_determined ? "stated by the authors" : "proposed by software");
  return out + fmt::format(", by {} operator{}", operators, operators == 1 ? "" : "s");
}

// Finds atoms near a place, in unit cells of 1 Å kept in a hash table: a stray atom far away costs nothing.
class Neighbours {
 public:
  struct Entry {
    gemmi::Atom* atom;
    const gemmi::Residue* residue;
    size_t chain;
  };

  // An atom put in before, of another chain, that is the same but for its copy.
  gemmi::Atom* twin(const Entry& entry) const {
    const gemmi::Position& p = entry.atom->pos;
    const auto low = [](double x) { return static_cast<int64_t>(std::floor(x - coincidence_A)); };
    const auto high = [](double x) { return static_cast<int64_t>(std::floor(x + coincidence_A)); };
    for (int64_t z = low(p.z); z <= high(p.z); ++z)
      for (int64_t y = low(p.y); y <= high(p.y); ++y)
        for (int64_t x = low(p.x); x <= high(p.x); ++x) {
          const auto [begin, end] = cells_.equal_range(key(x, y, z));
          for (auto it = begin; it != end; ++it)
            if (same(entry, it->second)) return it->second.atom;
        }
    return nullptr;
  }
  void add(const Entry& entry) {
    const gemmi::Position& p = entry.atom->pos;
    const auto whole = [](double x) { return static_cast<int64_t>(std::floor(x)); };
    cells_.emplace(key(whole(p.x), whole(p.y), whole(p.z)), entry);
  }

 private:
  // Different cells may share a key; positions are compared anyway.
  static uint64_t key(int64_t x, int64_t y, int64_t z) {
    return static_cast<uint64_t>(x) * 0x9E3779B97F4A7C15u ^ static_cast<uint64_t>(y) * 0xC2B2AE3D27D4EB4Fu ^
           static_cast<uint64_t>(z) * 0x165667B19E3779F9u;
  }
  static bool same(const Entry& a, const Entry& b) {
    return a.chain != b.chain && a.atom->altloc == b.atom->altloc && a.atom->element == b.atom->element &&
           a.atom->name == b.atom->name && a.residue->seqid == b.residue->seqid && a.residue->name == b.residue->name &&
           a.atom->pos.dist(b.atom->pos) < coincidence_A;
  }

  std::unordered_multimap<uint64_t, Entry> cells_;
};

void merge_coinciding(gemmi::Model& model) {
  Neighbours neighbours;
  for (size_t c = 0; c < model.chains.size(); ++c)
    for (gemmi::Residue& residue : model.chains[c].residues) {
      std::vector<gemmi::Atom> kept;
      kept.reserve(residue.atoms.size());  // so that the addresses below stay
      for (gemmi::Atom& atom : residue.atoms) {
        if (gemmi::Atom* twin = neighbours.twin({&atom, &residue, c})) {
          twin->occ = std::min(1.0f, twin->occ + atom.occ);
        } else {
          kept.push_back(atom);
          neighbours.add({&kept.back(), &residue, c});
        }
      }
      residue.atoms.swap(kept);
    }
}

bool has_atoms(const gemmi::Model& model) {
  for (const gemmi::Chain& chain : model.chains)
    for (const gemmi::Residue& residue : chain.residues)
      if (!residue.atoms.empty()) return true;
  return false;
}

gemmi::Model with_copies(const gemmi::Model& model, const std::vector<gemmi::NcsOp>& operators) {
  gemmi::Model out = model;
  for (const gemmi::NcsOp& op : operators) {
    for (gemmi::Chain chain : model.chains) {
      for (gemmi::Residue& residue : chain.residues)
        for (gemmi::Atom& atom : residue.atoms) atom.pos = gemmi::Position(op.tr.apply(atom.pos));
      out.chains.push_back(std::move(chain));
    }
  }
  return out;
}

void add_unknown_column(gemmi::cif::Loop& loop, const std::string& tag) {
  const size_t width = loop.tags.size();
  std::vector<std::string> values;
  for (size_t i = 0; i < loop.values.size(); ++i) {
    values.push_back(std::move(loop.values[i]));
    if ((i + 1) % width == 0) values.emplace_back("?");
  }
  loop.tags.push_back(tag);
  loop.values = std::move(values);
}

// gemmi passes over assemblies whose tables lack one of these columns, though none is needed.
void complete_tables(gemmi::cif::Document& document) {
  const auto complete = [](gemmi::cif::Block& block, const std::string& table, const std::vector<const char*>& names) {
    if (block.find_values(table + "id").length() == 0) return;
    for (const char* name : names) {
      if (block.find_values(table + name).length() != 0) continue;
      if (gemmi::cif::Loop* loop = block.find_values(table + "id").get_loop()) {
        add_unknown_column(*loop, table + name);
      } else {
        block.set_pair(table + name, "?");
      }
    }
  };
  for (gemmi::cif::Block& block : document.blocks) {
    complete(block, "_pdbx_struct_assembly.", {"details", "method_details", "oligomeric_details", "oligomeric_count"});
    complete(block, "_pdbx_struct_oper_list.", {"type"});
  }
}

using Operators = std::vector<gemmi::Assembly::Operator>;

// "(1-60)(61,62)" → {"(1-60)", "(61,62)"}; an expression without a product stays whole.
std::vector<std::string> factors(const std::string& expression) {
  std::vector<std::string> out;
  for (size_t begin = 0; begin < expression.size();) {
    const size_t next = expression.find(")(", begin);
    const size_t end = next == std::string::npos ? expression.size() : next + 1;
    out.push_back(expression.substr(begin, end - begin));
    begin = end;
  }
  return out;
}

// Every a·b: b is applied first.
Operators product(const Operators& left, const Operators& right) {
  Operators out;
  for (const auto& a : left)
    for (const auto& b : right) {
      out.push_back(a);
      out.back().name += "-" + b.name;
      out.back().transform = a.transform.combine(b.transform);
    }
  return out;
}

// Operators of the assemblies that are products, by assembly and the number of their row among its rows.
std::map<std::pair<std::string, size_t>, Operators> products(gemmi::cif::Block& block) {
  std::map<std::string, gemmi::Transform> transforms;
  std::vector<std::string> tags = gemmi::impl::transform_tags("matrix", "vector");
  tags.emplace_back("id");
  for (const auto row : block.find("_pdbx_struct_oper_list.", tags))
    transforms[row.str(12)] = gemmi::impl::get_transform_matrix(row);
  const auto named = [&](const std::string& factor) {
    Operators out;
    for (const std::string& name : gemmi::impl::parse_operation_expr(factor))
      if (const auto found = transforms.find(name); found != transforms.end()) {
        out.emplace_back();
        out.back().name = name;
        out.back().transform = found->second;
      }
    return out;
  };
  std::map<std::pair<std::string, size_t>, Operators> out;
  std::map<std::string, size_t> rows;
  for (const auto row : block.find("_pdbx_struct_assembly_gen.", {"assembly_id", "oper_expression"})) {
    const size_t number = rows[row.str(0)]++;
    const std::vector<std::string> parts = factors(row.str(1));
    if (parts.size() < 2) continue;
    Operators all = named(parts.front());
    for (size_t i = 1; i < parts.size(); ++i) all = product(all, named(parts[i]));
    out[{row.str(0), number}] = std::move(all);
  }
  return out;
}

}  // namespace

gemmi::Model assembled(const gemmi::Structure& structure, const std::filesystem::path& file,
                       std::vector<std::string>& notes) {
  const gemmi::Model& model = structure.models.front();
  if (const gemmi::Assembly* assembly = preferred(structure)) {
    gemmi::Assembly sound = *assembly;
    NamedTransforms operators;
    for (auto& generator : sound.generators)
      for (auto& op : generator.operators) operators.emplace_back("operator " + op.name, &op.transform);
    make_motions(operators, structure.cell, file, notes);
    gemmi::Model out = gemmi::make_assembly(sound, model, gemmi::HowToNameCopiedChain::Dup, nullptr);
    if (!has_atoms(out)) {
      notes.push_back(
          fmt::format("assembly {} names no chain of the file: the file's atoms are used as they are", assembly->name));
      return model;
    }
    notes.push_back(description(*assembly, structure));
    merge_coinciding(out);
    return out;
  }
  std::vector<gemmi::NcsOp> missing = structure.ncs;
  std::erase_if(missing, [](const gemmi::NcsOp& op) { return op.given; });
  if (missing.empty()) return model;
  NamedTransforms operators;
  for (gemmi::NcsOp& op : missing) operators.emplace_back("MTRIX record " + op.id, &op.tr);
  make_motions(operators, structure.cell, file, notes);
  notes.emplace_back("the file has no assembly: its MTRIX copies are made");
  gemmi::Model out = with_copies(model, missing);
  merge_coinciding(out);
  return out;
}

gemmi::Structure structure_with_assemblies(gemmi::cif::Document document) {
  complete_tables(document);
  std::map<std::pair<std::string, size_t>, Operators> all;
  for (gemmi::cif::Block& block : document.blocks) all.merge(products(block));
  gemmi::Structure structure = gemmi::make_structure(document);
  for (gemmi::Assembly& assembly : structure.assemblies)
    for (size_t i = 0; i < assembly.generators.size(); ++i)
      if (const auto found = all.find({assembly.name, i}); found != all.end())
        assembly.generators[i].operators = found->second;
  return structure;
}

}  // namespace tessera
