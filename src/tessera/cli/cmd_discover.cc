// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/discover.h"

namespace tessera {

int cmd_discover(const Invocation& call) {
  Session session(call);
  DiscoverRequest request;
  if (!session.parse(request)) return 0;
  const DiscoverOutcome outcome = run_discover(request, session.context(), call.command_line);
  std::vector<std::vector<std::string>> rows = {
      {"class", "found", "FSC 0.5 (Å)", "correlation", "in cluster", "in average", "open set", "name"}};
  for (const Discovery& one : outcome.classes)
    rows.push_back({std::to_string(one.class_number), one.found ? "yes" : "no", fmt::format("{:.1f}", one.fsc_half_A),
                    fmt::format("{:.3f}", one.correlation), fmt::format("{}/{}", one.of_class, one.cluster_size),
                    fmt::format("{}/{}", one.found_of_class, one.found_size), fmt::format("{:.3f}", one.open_set_auc),
                    one.name});
  return session.print(outcome.json(),
                       column_table(rows) + fmt::format("{} of {} found at {:g} Å or finer\n", outcome.found(),
                                                        outcome.classes.size(), outcome.success_A));
}

}  // namespace tessera
