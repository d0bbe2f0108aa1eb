// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/cli/commands.h"

#include <nlohmann/json.hpp>

#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/fetch.h"

namespace tessera {

int cmd_fetch(const Invocation& call) {
  Session session(call);
  FetchRequest request;
  if (!session.parse(request)) return 0;
  const FetchOutcome outcome = run_fetch(request, session.context(), call.command_line);
  std::vector<std::vector<std::string>> rows = {{"entry", "atoms", "file"}};
  for (const FetchedStructure& structure : outcome.structures)
    rows.push_back({structure.id, std::to_string(structure.atoms), structure.file.string()});
  return session.print(outcome.json(), column_table(rows));
}

}  // namespace tessera
