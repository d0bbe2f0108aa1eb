// SPDX-License-Identifier: GPL-3.0-or-later
#include <filesystem>
#include <sstream>
#include <string_view>

#include "tessera/simulate/builtin.h"

namespace tessera {
namespace {

constexpr std::string_view builtin_prefix = "builtin:";

// Where "#A,B" begins; npos when there is none, or when a file has the whole name.
size_t chains_at(const std::string& spec) {
  std::error_code error;
  const size_t at = spec.rfind('#');
  return at == std::string::npos || std::filesystem::exists(spec, error) ? std::string::npos : at;
}

}  // namespace

std::string structure_file(const std::string& spec) {
  return spec.starts_with(builtin_prefix) ? std::string() : spec.substr(0, chains_at(spec));
}

AtomicModel load_structure(const std::string& spec, const AtomSelection& selection) {
  if (spec.starts_with(builtin_prefix)) return make_builtin(spec.substr(builtin_prefix.size()));
  const size_t at = chains_at(spec);
  if (at == std::string::npos) return read_atoms(spec, selection);
  AtomSelection chosen = selection;
  std::istringstream names(spec.substr(at + 1));
  for (std::string name; std::getline(names, name, ',');) chosen.chains.push_back(name);
  return read_atoms(spec.substr(0, at), chosen);
}

}  // namespace tessera
