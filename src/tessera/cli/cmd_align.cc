// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/align.h"

namespace tessera {

int cmd_align(const Invocation& call) {
  Session session(call);
  AlignRequest request;
  if (!session.parse(request)) return 0;
  const AlignOutcome outcome = run_align(request, session.context(), call.command_line);
  return session.print(
      outcome.json(),
      aligned_table({{"particles", std::to_string(outcome.particles)},
                     {"correlation", fmt::format("{:.2f} (mean, in units of the noise)", outcome.mean_correlation)},
                     {"shift", fmt::format("{:.1f} Å (mean)", outcome.mean_shift_A)},
                     {"time", fmt::format("{:.1f} ms a particle", 1e3 * outcome.seconds_per_particle)},
                     {"list", outcome.star}}));
}

}  // namespace tessera
