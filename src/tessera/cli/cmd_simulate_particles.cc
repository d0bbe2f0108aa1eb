// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/simulate_particles.h"

namespace tessera {
namespace {

// "0.0100", or a dash where there is none.
std::string ratio(double value) {
  return std::isfinite(value) ? fmt::format("{:.4f}", value) : "–";
}

std::string summary(const SimulateParticlesOutcome& outcome) {
  std::string out =
      fmt::format("{} subtomograms of {}³ voxels at {:g} Å, {} tilts {:g}° … {:g}°\n", outcome.particles, outcome.box,
                  outcome.voxel_size_A, outcome.tilts_deg.size(), outcome.tilts_deg.front(), outcome.tilts_deg.back());
  if (outcome.noise_free)
    out += "noise-free\n";
  else
    out += fmt::format(
        "SNR {} by the definition '{}', var(signal)/var(noise)\n"
        "SNR {} by Frank & Al-Ali, CC/(1−CC) over pairs of aligned subtomograms\n",
        ratio(outcome.snr), outcome.snr_definition, ratio(outcome.frank_al_ali_snr));
  std::vector<std::vector<std::string>> rows = {
      {"class", "copies", "kDa", "Å", "SNR", "SNR (projection)", "SNR (Frank & Al-Ali)", "structure"}};
  for (size_t i = 0; i < outcome.classes.size(); ++i) {
    const SimulatedClass& c = outcome.classes[i];
    rows.push_back({std::to_string(i + 1), std::to_string(c.copies), fmt::format("{:.0f}", c.mass_kDa),
                    fmt::format("{:.0f}", c.diameter_A), ratio(c.report.snr), ratio(c.report.projection_snr),
                    ratio(c.report.frank_al_ali_snr), c.structure});
  }
  return out + column_table(rows) + "wrote " + outcome.folder + "/particles.star\n";
}

}  // namespace

int cmd_simulate_particles(const Invocation& call) {
  Session session(call);
  SimulateParticlesRequest request;
  if (!session.parse(request)) return 0;
  const SimulateParticlesOutcome outcome = run_simulate_particles(request, session.context(), call.command_line);
  return session.print(outcome.json(), summary(outcome));
}

}  // namespace tessera
