// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/report.h"

namespace tessera {

int cmd_report(const Invocation& call) {
  Session session(call);
  ReportRequest request;
  if (!session.parse(request)) return 0;
  const ReportOutcome outcome = run_report(request, session.context(), call.command_line);
  return session.print(
      outcome.json(),
      aligned_table({{"runs", std::to_string(outcome.runs)},
                     {"tomograms", std::to_string(outcome.tomograms)},
                     {"maps", fmt::format("{}{}", outcome.maps, outcome.has_view3d ? "" : " (no 3-D view: make web)")},
                     {"figures", std::to_string(outcome.figures)},
                     {"open", outcome.page}}));
}

}  // namespace tessera
