// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/coarse_grain.h"

namespace tessera {

int cmd_coarse_grain(const Invocation& call) {
  Session session(call);
  CoarseGrainRequest request;
  if (!session.parse(request)) return 0;
  const CoarseGrainOutcome outcome = run_coarse_grain(request, session.context(), call.command_line);
  std::vector<std::vector<std::string>> rows = {
      {"structure", "atoms", "kDa", "balls", "isosurface nm³", "several balls", "one ball", "saved %"}};
  for (const CoarseModel& model : outcome.models) {
    const auto& v = model.volumes;
    rows.push_back({model.name, std::to_string(model.atoms), fmt::format("{:.0f}", model.mass_kDa),
                    std::to_string(model.balls.size()), fmt::format("{:.0f}", v.isosurface_A3 / 1000),
                    fmt::format("{:.0f}", v.multi_ball_A3 / 1000), fmt::format("{:.0f}", v.single_ball_A3 / 1000),
                    fmt::format("{:.0f}", 100 * v.saved())});
  }
  std::string table = column_table(rows);
  if (outcome.models.size() > 1)
    table += fmt::format("several balls are smaller than one for {} of {} structures; median saved {:.0f} %\n",
                         outcome.saving(), outcome.models.size(), 100 * outcome.median_saved());
  return session.print(outcome.json(), table + "wrote " + outcome.output + "\n");
}

}  // namespace tessera
