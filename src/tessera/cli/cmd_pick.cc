// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/pick.h"

namespace tessera {
namespace {

std::string scale_table(const std::vector<DogScale>& scales) {
  std::vector<std::vector<std::string>> rows = {{"sigma/Å", "radius/Å", "peaks", "spread", "skewness", "threshold"}};
  for (const DogScale& s : scales)
    rows.push_back({fmt::format("{:.1f}", s.sigma_A), fmt::format("{:.1f}", s.radius_A), std::to_string(s.peaks),
                    fmt::format("{:.3g}", s.spread), fmt::format("{:.2f}", s.skewness),
                    fmt::format("{:.3g}", s.threshold)});
  return column_table(rows);
}

std::string template_table(const std::vector<MatchReport>& templates) {
  std::vector<std::vector<std::string>> rows = {{"class", "picks", "candidates", "threshold", "clutter", "found",
                                                 "rotations", "step", "scan/s", "refine/s", "template"}};
  for (size_t i = 0; i < templates.size(); ++i) {
    const MatchReport& t = templates[i];
    rows.push_back({std::to_string(i + 1), std::to_string(t.picks), std::to_string(t.candidates),
                    fmt::format("{:.2f}", t.threshold),
                    fmt::format("{:.1f} ± {:.1f}", t.clutter_mean, t.clutter_deviation),
                    t.found_share > 0 ? fmt::format("{:.1f}", t.found_mean) : "–", std::to_string(t.rotations),
                    fmt::format("{:.2f}°", t.step_deg), fmt::format("{:.1f}", t.scan_seconds),
                    fmt::format("{:.1f}", t.refine_seconds), t.name});
  }
  return column_table(rows);
}

std::string network_table(const NetworkPicks& found) {
  std::vector<std::vector<std::string>> rows = {{"class", "picks", "radius/Å", "name"}};
  int64_t absent = 0;
  for (const NetworkClassReport& c : found.classes) {
    if (c.picks > 0)
      rows.push_back({std::to_string(c.number), std::to_string(c.picks), fmt::format("{:.0f}", c.radius_A), c.name});
    else
      ++absent;
  }
  std::string text =
      fmt::format("peaks of a height of {:.3f} and more, of {} in all", found.threshold, found.candidates);
  if (found.expected_f1 > 0) text += fmt::format("; expected F1 {:.2f}", found.expected_f1);
  text += "\n" + column_table(rows);
  return absent > 0 ? text + fmt::format("none of the {} other classes\n", absent) : text;
}

}  // namespace

int cmd_pick(const Invocation& call) {
  Session session(call);
  PickRequest request;
  if (!session.parse(request)) return 0;
  if (apply_preset(request)) session.assign_given();
  const PickOutcome outcome = run_pick(request, session.context(), call.command_line);
  std::string text = aligned_table({{"picks", std::to_string(outcome.picks)},
                                    {"searched", fmt::format("{:.2f} % of {} voxels of {:.4g} Å",
                                                             100.0 * static_cast<double>(outcome.region.searched()) /
                                                                 static_cast<double>(outcome.region.voxels),
                                                             outcome.region.voxels, outcome.voxel_size_A)},
                                    {"list", outcome.star}});
  if (!outcome.scales.empty()) text += scale_table(outcome.scales);
  if (!outcome.templates.empty()) text += template_table(outcome.templates);
  if (!outcome.network.classes.empty()) text += network_table(outcome.network);
  return session.print(outcome.json(), text);
}

}  // namespace tessera
