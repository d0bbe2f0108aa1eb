// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/segment.h"

namespace tessera {

int cmd_segment(const Invocation& call) {
  Session session(call);
  SegmentRequest request;
  if (!session.parse(request)) return 0;
  const SegmentOutcome outcome = run_segment(request, session.context(), call.command_line);
  const std::string text = aligned_table(
      {{"voxels", fmt::format("{} × {} × {} of {:.4g} Å{}", outcome.shape.x, outcome.shape.y, outcome.shape.z,
                              outcome.voxel_size_A, outcome.rescaled ? ", rescaled for the model" : "")},
       {"mean probability", fmt::format("{:.3f}", outcome.mean_probability)},
       {"time", fmt::format("{:.1f} s", outcome.seconds)},
       {"labels", outcome.labels}});
  std::vector<std::vector<std::string>> rows = {{"label", "voxels", "name"}};
  for (size_t k = 0; k < outcome.classes.size(); ++k)
    rows.push_back(
        {std::to_string(outcome.classes[k].number), std::to_string(outcome.voxels[k]), outcome.classes[k].name});
  return session.print(outcome.json(), text + column_table(rows));
}

}  // namespace tessera
