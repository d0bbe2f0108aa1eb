// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/density.h"

namespace tessera {
namespace {

int print_builtins(Session& session) {
  auto list = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows = {{"name", "kDa", "symmetry", "description"}};
  for (const BuiltinInfo& info : list_builtins()) {
    list.push_back(
        {{"name", info.name}, {"mass_kDa", info.mass_kDa}, {"symmetry", info.symmetry}, {"title", info.title}});
    rows.push_back({"builtin:" + info.name, fmt::format("{:.0f}", info.mass_kDa), info.symmetry, info.title});
  }
  return session.print({{"builtins", list}}, column_table(rows));
}

}  // namespace

int cmd_density(const Invocation& call) {
  Session session(call);
  DensityRequest request;
  if (!session.parse(request)) return 0;
  if (request.list_builtins) return print_builtins(session);
  const DensityOutcome outcome = run_density(request, session.context(), call.command_line);
  std::vector<std::pair<std::string, std::string>> rows = {
      {"structure", outcome.structure},
      {"atoms", fmt::format("{} ({:.0f} kDa)", outcome.atoms, outcome.mass_kDa)},
      {"diameter", fmt::format("{:.0f} Å", outcome.diameter_A)},
      {"values", fmt::format("{:.4g} … {:.4g} ({})", outcome.minimum, outcome.maximum, outcome.kernel)},
      {"map", outcome.map}};
  if (outcome.atoms_outside > 0)
    rows.insert(rows.begin() + 2, {"outside", fmt::format("{} atoms cut off", outcome.atoms_outside)});
  return session.print(outcome.json(), aligned_table(rows));
}

}  // namespace tessera
