// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/extract.h"

namespace tessera {

int cmd_extract(const Invocation& call) {
  Session session(call);
  ExtractRequest request;
  if (!session.parse(request)) return 0;
  const ExtractOutcome outcome = run_extract(request, session.context(), call.command_line);
  std::vector<std::pair<std::string, std::string>> rows = {
      {"particles", fmt::format("{} of {} picks", outcome.particles, outcome.picks)},
      {"box", fmt::format("{}³ voxels of {:g} Å", outcome.box, outcome.voxel_size_A)}};
  if (!outcome.padded.empty()) rows.emplace_back("padded", fmt::format("{} at the border", outcome.padded.size()));
  if (!outcome.dropped.empty()) rows.emplace_back("dropped", fmt::format("{} at the border", outcome.dropped.size()));
  if (!outcome.skipped.empty()) rows.emplace_back("left out", std::to_string(outcome.skipped.size()));
  rows.emplace_back("weight", outcome.wedge ? outcome.folder + "/wedge.mrc" : std::string("none"));
  rows.emplace_back("list", outcome.folder + "/particles.star");
  return session.print(outcome.json(), aligned_table(rows));
}

}  // namespace tessera
