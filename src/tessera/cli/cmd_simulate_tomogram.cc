// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/simulate_tomogram.h"

namespace tessera {
namespace {

// "0.0100", or a dash where there is none.
std::string ratio(double value) {
  return std::isfinite(value) ? fmt::format("{:.4g}", value) : "–";
}

std::string summary(const SimulateTomogramOutcome& outcome) {
  std::string out = fmt::format("{} × {} × {} voxels at {:g} Å, {} tilts {:g}° … {:g}°, {} physics, {} by {}\n",
                                outcome.shape[0], outcome.shape[1], outcome.shape[2], outcome.voxel_size_A,
                                outcome.tilts_deg.size(), outcome.tilts_deg.front(), outcome.tilts_deg.back(),
                                outcome.physics, "tomogram", outcome.reconstruction);
  out += fmt::format("{} instances fill {:.1f} % of the voxels\n", outcome.instances, 100 * outcome.occupied);
  if (outcome.noise == "none")
    out += "noise-free\n";
  else
    out += fmt::format("SNR {} with {} noise: {}\n", ratio(outcome.snr), outcome.noise, outcome.snr_note);
  if (!outcome.sirt_residuals.empty())
    out += fmt::format("sirt left {:.2f} % of the series' power after {} iterations\n",
                       100 * outcome.sirt_residuals.back(), outcome.sirt_residuals.size() - 1);
  std::vector<std::vector<std::string>> rows = {{"label", "particles", "voxels", "box", "SNR", "species"}};
  for (size_t i = 0; i < outcome.species.size(); ++i) {
    const TomogramSpecies& s = outcome.species[i];
    rows.push_back({std::to_string(i + 1), std::to_string(s.bodies), std::to_string(s.voxels), std::to_string(s.box),
                    ratio(s.snr), s.name});
  }
  return out + column_table(rows) + "wrote " + outcome.folder + "/tomogram.mrc\n";
}

}  // namespace

int cmd_simulate_tomogram(const Invocation& call) {
  Session session(call);
  SimulateTomogramRequest request;
  if (!session.parse(request)) return 0;
  const SimulateTomogramOutcome outcome = run_simulate_tomogram(request, session.context(), call.command_line);
  return session.print(outcome.json(), summary(outcome));
}

}  // namespace tessera
