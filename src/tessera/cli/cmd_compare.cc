// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/compare.h"

namespace tessera {
namespace {

std::vector<std::string> hand_row(const std::string& name, const HandComparison& hand, double voxel_size_A) {
  return {name,
          fmt::format("{:.4f}", hand.correlation_masked),
          fmt::format("{:.4f}", hand.correlation_box),
          fmt::format("{:.1f}", hand.fsc_half_A),
          fmt::format("{:.1f}", hand.fsc_0143_A),
          fmt::format("{:.1f}", hand.map_from_reference.shift_voxels.norm() * voxel_size_A)};
}

// The curve at about eight resolutions.
std::string curve_table(const CompareOutcome& outcome) {
  const auto& fsc = outcome.comparison.same_hand.fsc;
  std::vector<std::string> resolutions = {"Å"}, values = {"FSC"};
  const size_t step = std::max<size_t>(1, (fsc.size() - 1) / 8);
  for (size_t shell = step; shell < fsc.size(); shell += step) {
    resolutions.push_back(
        fmt::format("{:.1f}", static_cast<double>(outcome.box) * outcome.voxel_size_A / static_cast<double>(shell)));
    values.push_back(fmt::format("{:.3f}", fsc[shell]));
  }
  return column_table({resolutions, values});
}

}  // namespace

int cmd_compare(const Invocation& call) {
  Session session(call);
  CompareRequest request;
  if (!session.parse(request)) return 0;
  const CompareOutcome outcome = run_compare(request, session.context(), call.command_line);
  const Comparison& comparison = outcome.comparison;
  std::string text =
      fmt::format("{} against {}, to {:.1f} Å\n", outcome.map, outcome.reference, comparison.resolution_A);
  text += column_table({{"hand", "correlation", "over the box", "FSC 0.5 (Å)", "FSC 0.143 (Å)", "shift (Å)"},
                        hand_row("as given", comparison.same_hand, outcome.voxel_size_A),
                        hand_row("mirrored", comparison.mirrored, outcome.voxel_size_A)});
  text += curve_table(outcome);
  if (comparison.mirrored_fits_better()) text += "The mirror image of the reference fits better: check the hand.\n";
  if (comparison.symmetry)
    text +=
        fmt::format("symmetry {}: mean self-correlation {:.4f}\n", outcome.symmetry, comparison.symmetry->correlation);
  return session.print(outcome.json(), text);
}

}  // namespace tessera
