// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/builtin.h"

#include <algorithm>
#include <numeric>

#include "tessera/base/errors.h"
#include "tessera/simulate/builtin_chain.h"
#include "tessera/simulate/builtin_shapes.h"
#include "tessera/so3/point_group.h"

namespace tessera {
namespace {

// Levenshtein distance.
size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

[[noreturn]] void refuse(const std::string& name) {
  std::vector<std::pair<size_t, std::string>> near;
  for (const BuiltinInfo& info : builtin_structures()) near.emplace_back(edit_distance(name, info.name), info.name);
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  throw UserError(
      fmt::format("there is no built-in structure \"{}\"; the nearest names are {}, {} and {} (tessera density "
                  "--list-builtins lists all {})",
                  name, near[0].second, near[1].second, near[2].second, near.size()));
}

}  // namespace

std::vector<BuiltinInfo> builtin_structures() {
  std::vector<BuiltinInfo> out;
  for (const BuiltinShape& shape : builtin_shapes()) out.push_back(shape.info);
  return out;
}

AtomicModel make_builtin(const std::string& name) {
  const auto& shapes = builtin_shapes();
  const auto found = std::find_if(shapes.begin(), shapes.end(), [&](const auto& s) { return s.info.name == name; });
  if (found == shapes.end()) refuse(name);
  const std::vector<Atom> unit = fill_unit(*found);
  const std::vector<Rotation> group = point_group(found->info.symmetry);
  AtomicModel model;
  model.name = name;
  model.chain_count = static_cast<int64_t>(group.size());
  model.atoms.reserve(unit.size() * group.size());
  for (const Rotation& rotation : group) {
    const Mat3 matrix = rotation.matrix();
    for (Atom atom : unit) {
      atom.position_A = matrix * atom.position_A;
      model.atoms.push_back(atom);
    }
  }
  return model;
}

}  // namespace tessera
