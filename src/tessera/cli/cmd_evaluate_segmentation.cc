// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/evaluate_segmentation.h"

namespace tessera {

int cmd_evaluate_segmentation(const Invocation& call) {
  Session session(call);
  EvaluateSegmentationRequest request;
  if (!session.parse(request)) return 0;
  const EvaluateSegmentationOutcome outcome = run_evaluate_segmentation(request, session.context(), call.command_line);
  const LabelTable& table = outcome.table;
  const std::string text = fmt::format(
      "{} voxels: pixel accuracy {:.4f}; all called background {:.4f}\n"
      "labels but background: mean IoU {:.4f}, mean Dice {:.4f}; anything against background: IoU {:.4f}\n",
      table.total(), table.accuracy(), outcome.background_accuracy, table.mean_iou(), table.mean_dice(),
      table.foreground_iou());
  std::vector<std::vector<std::string>> rows = {{"label", "name", "true voxels", "found", "IoU", "Dice", "outline/Å"}};
  for (const LabelScore& s : outcome.scores)
    rows.push_back({std::to_string(s.label), s.name, std::to_string(s.truth), std::to_string(s.found),
                    s.truth + s.found > 0 ? fmt::format("{:.3f}", s.iou) : "–",
                    s.truth + s.found > 0 ? fmt::format("{:.3f}", s.dice) : "–",
                    s.outline_A >= 0 ? fmt::format("{:.1f}", s.outline_A) : "–"});
  return session.print(outcome.json(), text + column_table(rows));
}

}  // namespace tessera
