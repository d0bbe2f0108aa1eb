// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/demo.h"

namespace tessera {
namespace {

std::string table(const DemoOutcome& outcome) {
  std::vector<std::vector<std::string>> rows = {{"structure", "particles", "SNR", "correlation", "of ceiling",
                                                 "FSC 0.5 (Å)", "(ceiling)", "FSC 0.143 (Å)", "(ceiling)", "hand",
                                                 "seconds"}};
  for (const DemoResult& r : outcome.results)
    rows.push_back({r.structure, std::to_string(r.particles), fmt::format("{:.3f}", r.snr),
                    fmt::format("{:.4f}", r.average.correlation_masked),
                    fmt::format("{:.3f}", r.correlation_of_ceiling()), fmt::format("{:.1f}", r.average.fsc_half_A),
                    fmt::format("{:.1f}", r.true_poses.fsc_half_A), fmt::format("{:.1f}", r.average.fsc_0143_A),
                    fmt::format("{:.1f}", r.true_poses.fsc_0143_A), r.right_hand() ? "right" : "mirrored",
                    fmt::format("{:.0f}", r.seconds)});
  return column_table(rows);
}

std::string verdict(const DemoResult& result) {
  const std::vector<std::string> shortcomings = result.shortcomings();
  if (shortcomings.empty())
    return fmt::format("{}: came out well: nearly as good as the true poses give\n", result.structure);
  return fmt::format("{}: came out poorly: {}\n", result.structure, fmt::join(shortcomings, "; "));
}

std::string summary(const DemoOutcome& outcome) {
  std::string out = "Averages without a reference, compared with the truth (ceiling: averaged at the true poses)\n";
  out += table(outcome);
  for (const DemoResult& result : outcome.results) out += verdict(result);
  if (!outcome.good()) out += "More signal helps: try a larger --particles or --snr.\n";
  for (const DemoResult& result : outcome.results) out += "picture: " + result.figure + "\n";
  return out + "everything: " + outcome.folder + "\n";
}

}  // namespace

int cmd_demo(const Invocation& call) {
  Session session(call);
  DemoRequest request;
  if (!session.parse(request)) return 0;
  const DemoOutcome outcome = run_demo(request, session.context(), call.command_line);
  return session.print(outcome.json(), summary(outcome));
}

}  // namespace tessera
