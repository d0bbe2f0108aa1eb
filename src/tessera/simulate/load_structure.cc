// SPDX-License-Identifier: GPL-3.0-or-later
#include <string_view>

#include "tessera/simulate/builtin.h"

namespace tessera {

AtomicModel load_structure(const std::string& spec, const AtomSelection& selection) {
  constexpr std::string_view prefix = "builtin:";
  if (spec.starts_with(prefix)) return make_builtin(spec.substr(prefix.size()));
  return read_atoms(spec, selection);
}

}  // namespace tessera
