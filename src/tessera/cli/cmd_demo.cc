// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/chain_verbs.h"
#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/chain.h"
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

// What the steps that know the truth found.
std::string findings(const ChainOutcome& outcome) {
  std::string out;
  for (const ChainStepOutcome& step : outcome.steps) {
    const auto& result = step.result;
    if (step.verb == "evaluate picks")
      out += fmt::format("picks: {} of {} particles found, {} false\n", result.value("hits", 0),
                         result.value("particles", 0), result.value("picks", 0) - result.value("hits", 0));
    if (step.verb == "evaluate classes")
      out += fmt::format("classes: {} of {} particles in the wrong one\n", result.value("misclassified", 0),
                         result.value("particles", 0));
    if (step.verb == "compare")
      out +=
          fmt::format("{}: correlation {:.3f} with {}, FSC 0.5 at {:.1f} Å\n", step.name,
                      result.value("correlation", 0.0), result.value("reference", ""), result.value("fsc_0.5_A", 0.0));
    if (step.verb == "report") out += "open: " + result.value("page", "") + "\n";
  }
  return out;
}

int whole_path(const DemoRequest& request, const Invocation& call, Session& session) {
  ChainRequest chain;
  chain.pipeline = demo_pipeline(request.output).string();
  const ChainOutcome outcome = run_chain(chain, chain_verbs(call), session.context(), call.command_line);
  double seconds = 0;
  for (const ChainStepOutcome& step : outcome.steps) seconds += step.seconds;
  return session.print(outcome.json(), findings(outcome) + fmt::format("{:.0f} seconds; edit {} and do it again with: "
                                                                       "tessera run {}\n",
                                                                       seconds, chain.pipeline, chain.pipeline));
}

}  // namespace

int cmd_demo(const Invocation& call) {
  Session session(call);
  DemoRequest request;
  if (!session.parse(request)) return 0;
  if (request.structures.empty()) return whole_path(request, call, session);
  const DemoOutcome outcome = run_demo(request, session.context(), call.command_line);
  return session.print(outcome.json(), summary(outcome));
}

}  // namespace tessera
