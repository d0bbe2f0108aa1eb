// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/pack.h"

namespace tessera {
namespace {

bool given(const Invocation& call, const std::string& flag) {
  return std::any_of(call.arguments.begin(), call.arguments.end(),
                     [&](const std::string& word) { return word == flag || word.starts_with(flag + "="); });
}

std::string table(const PackOutcome& outcome) {
  std::vector<std::vector<std::string>> rows = {{"species", "requested", "placed"}};
  for (const PackedSpeciesReport& s : outcome.species)
    rows.push_back({s.name, std::to_string(s.requested), std::to_string(s.placed)});
  const std::string species = outcome.species.empty() ? "" : column_table(rows);
  return species + aligned_table(outcome.summary) + "wrote " + outcome.folder + "/scene.json\n";
}

}  // namespace

int cmd_pack(const Invocation& call) {
  Session session(call);
  PackRequest request;
  if (!session.parse(request)) return 0;
  load_scene(request);
  session.assign_given();
  if (request.scene.seed && !given(call, "--seed")) session.context().seed = *request.scene.seed;
  const PackOutcome outcome = run_pack(request, session.context(), call.command_line);
  return session.print(outcome.json(), table(outcome));
}

}  // namespace tessera
