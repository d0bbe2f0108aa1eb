// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/train.h"

namespace tessera {

int cmd_train(const Invocation& call) {
  Session session(call);
  TrainRequest request;
  if (!session.parse(request)) return 0;
  const TrainOutcome outcome = run_train(request, session.context(), call.command_line);
  std::vector<std::pair<std::string, std::string>> rows = {
      {"network", fmt::format("{}, {} parameters, {:.2f} GMAC", outcome.network, outcome.parameters,
                              static_cast<double>(outcome.multiply_adds) / 1e9)},
      {"examples",
       fmt::format("{} an epoch, {} for validation, {} for test", outcome.training, outcome.validation, outcome.test)},
      {"epochs",
       fmt::format("{} ({}), the best was {}", outcome.history.size(), outcome.stop_reason, outcome.best_epoch)},
      {"time", fmt::format("{:.4f} s a box and epoch", outcome.seconds_per_example)}};
  if (!outcome.history.empty()) {
    const EpochReport& best = outcome.history.at(outcome.best_epoch - 1);
    if (best.validation_accuracy)
      rows.emplace_back("validation", finds_centres(outcome.network)
                                          ? fmt::format("agreement {:.4f} with the heat", *best.validation_accuracy)
                                          : fmt::format("accuracy {:.4f}", *best.validation_accuracy));
  }
  if (outcome.calibration)
    rows.emplace_back("picks", fmt::format("F1 {:.4f} in validation, {:.4f} of the right class",
                                           outcome.calibration->f1, outcome.calibration->f1_classes));
  if (outcome.test_accuracy && finds_centres(outcome.network))
    rows.emplace_back("test", fmt::format("agreement {:.4f} with the heat, cube by cube", *outcome.test_accuracy));
  else if (outcome.test_accuracy && labels_voxels(outcome.network))
    rows.emplace_back("test", fmt::format("pixel accuracy {:.4f}, cube by cube", *outcome.test_accuracy));
  else if (outcome.test_accuracy)
    rows.emplace_back("test", fmt::format("accuracy {:.4f}, 95 % of samples {:.4f} … {:.4f}", *outcome.test_accuracy,
                                          outcome.test_interval.low, outcome.test_interval.high));
  rows.emplace_back("model", outcome.model);
  return session.print(outcome.json(), aligned_table(rows));
}

}  // namespace tessera
