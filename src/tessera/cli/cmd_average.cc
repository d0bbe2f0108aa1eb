// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/average.h"

namespace tessera {

int cmd_average(const Invocation& call) {
  Session session(call);
  AverageRequest request;
  if (!session.parse(request)) return 0;
  if (apply_preset(request)) session.assign_given();
  const AverageOutcome outcome = run_average(request, session.context(), call.command_line);
  std::vector<std::pair<std::string, std::string>> rows = {
      {"particles", std::to_string(outcome.particles)},
      {"iterations", fmt::format("{} ({})", outcome.iterations, outcome.stop_reason)},
      {"resolution", fmt::format("{:.1f} Å (half-set FSC 0.143)", outcome.resolution_A)}};
  if (outcome.classes > 1) {
    std::string shares;
    for (size_t k = 0; k < outcome.occupancies.size(); ++k)
      shares += fmt::format("{}{}: {:.1f} %", k == 0 ? "" : ", ", k + 1, 100 * outcome.occupancies[k]);
    rows.emplace_back("classes", shares);
  }
  if (outcome.class_ends.any()) {
    std::string classes;
    const auto& poses = outcome.class_ends.effective_poses;
    for (size_t k = 0; k < poses.size(); ++k)
      if (poses[k] > 0)
        classes += fmt::format("{}{} ({:.0f} poses a particle)", classes.empty() ? "" : ", ", k + 1, poses[k]);
    rows.emplace_back("ended anew", "over all poses: class " + classes);
  }
  for (size_t k = 0; k < outcome.symmetry.size(); ++k)
    if (const auto& found = outcome.symmetry[k])
      rows.emplace_back(fmt::format("symmetry {}", k + 1),
                        fmt::format("{}: score {:.3f}, half-sets agree {:.2f} (when imposed {:.2f})", outcome.groups[k],
                                    found->score, found->agreement, found->first_agreement));
  if (!outcome.reports.empty()) {
    const IterationReport& last = outcome.reports.back();
    rows.emplace_back("last change", fmt::format("{:.2f}°, {:.3f} voxels a particle", last.mean_rotation_change_deg,
                                                 last.mean_shift_change_voxels));
  }
  rows.emplace_back("map", outcome.map);
  return session.print(outcome.json(), aligned_table(rows));
}

}  // namespace tessera
