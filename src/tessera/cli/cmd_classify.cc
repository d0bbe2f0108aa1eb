// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/classify.h"

namespace tessera {

int cmd_classify(const Invocation& call) {
  Session session(call);
  ClassifyRequest request;
  if (!session.parse(request)) return 0;
  const ClassifyOutcome outcome = run_classify(request, session.context(), call.command_line);
  std::string text = aligned_table({{"particles", std::to_string(outcome.particles)},
                                    {"mean probability", fmt::format("{:.3f}", outcome.mean_probability)},
                                    {"unlike training", fmt::format("{} (open-set score above 0.99)", outcome.unlike)},
                                    {"time", fmt::format("{:.4f} s a subtomogram", outcome.seconds_per_particle)},
                                    {"list", outcome.folder + "/particles.star"}});
  std::vector<std::vector<std::string>> rows = {{"class", "particles", "name"}};
  for (size_t k = 0; k < outcome.classes.size(); ++k)
    rows.push_back(
        {std::to_string(outcome.classes[k].number), std::to_string(outcome.counts[k]), outcome.classes[k].name});
  return session.print(outcome.json(), text + column_table(rows));
}

}  // namespace tessera
