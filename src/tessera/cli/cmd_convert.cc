// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/convert.h"

namespace tessera {

int cmd_convert(const Invocation& call) {
  Session session(call);
  ConvertRequest request;
  if (!session.parse(request)) return 0;
  const ConvertOutcome outcome = run_convert(request, session.context(), call.command_line);
  std::vector<std::pair<std::string, std::string>> rows = {{"converted", outcome.kind}};
  if (outcome.particles > 0) rows.emplace_back("particles", std::to_string(outcome.particles));
  if (outcome.box > 0)
    rows.emplace_back("box", fmt::format("{}³ voxels of {:g} Å", outcome.box, outcome.voxel_size_A));
  else
    rows.emplace_back("voxels", fmt::format("{:g} Å", outcome.voxel_size_A));
  if (outcome.images_written > 0) rows.emplace_back("images", fmt::format("{} written", outcome.images_written));
  if (outcome.references > 0) rows.emplace_back("references", std::to_string(outcome.references));
  if (!outcome.weight.empty()) rows.emplace_back("weight", outcome.weight);
  rows.emplace_back("output", outcome.output);
  return session.print(outcome.json(), aligned_table(rows));
}

}  // namespace tessera
