// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/chain_verbs.h"
#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/chain.h"

namespace tessera {

int cmd_run(const Invocation& call) {
  Session session(call);
  ChainRequest request;
  if (!session.parse(request)) return 0;
  const ChainOutcome outcome = run_chain(request, chain_verbs(call), session.context(), call.command_line);
  std::vector<std::vector<std::string>> rows = {{"step", "verb", "state", "seconds", "output", "why"}};
  for (const ChainStepOutcome& step : outcome.steps)
    rows.push_back({step.name, step.verb, step.state,
                    step.state == "would run" ? "–" : fmt::format("{:.1f}", step.seconds), step.output, step.reason});
  return session.print(outcome.json(), column_table(rows));
}

}  // namespace tessera
