// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/subdivide.h"

namespace tessera {

int cmd_subdivide(const Invocation& call) {
  Session session(call);
  SubdivideRequest request;
  if (!session.parse(request)) return 0;
  const SubdivideOutcome outcome = run_subdivide(request, session.context(), call.command_line);
  std::vector<std::pair<std::string, std::string>> rows = {
      {"particles", fmt::format("{}, {} features ({})", outcome.particles, outcome.dimensions, outcome.features)},
      {"clusters", fmt::format("{} ({}), of {} to {} particles", outcome.clusters.size(), outcome.method,
                               outcome.clusters.back().size, outcome.clusters.front().size)}};
  if (outcome.purity)
    rows.emplace_back("classes of the list", fmt::format("purity {:.3f}, adjusted Rand index {:.3f}", *outcome.purity,
                                                         *outcome.adjusted_rand_index));
  rows.emplace_back("lists", outcome.folder + "/cluster_001.star …");
  return session.print(outcome.json(), aligned_table(rows));
}

}  // namespace tessera
