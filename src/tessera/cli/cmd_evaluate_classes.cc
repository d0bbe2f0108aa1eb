// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/evaluate_classes.h"

namespace tessera {
namespace {

std::string class_table(const ClassScores& scores) {
  std::vector<std::vector<std::string>> rows = {{"true class", "particles", "found as", "precision", "recall", "F1"}};
  for (const ClassScore& score : scores.classes)
    rows.push_back({std::to_string(score.true_class), std::to_string(score.size),
                    score.matched ? std::to_string(score.found_class) : "–", fmt::format("{:.3f}", score.precision),
                    fmt::format("{:.3f}", score.recall), fmt::format("{:.3f}", score.f1)});
  return column_table(rows);
}

std::string contingency(const ContingencyTable& table) {
  std::vector<std::vector<std::string>> rows = {{"found class"}};
  for (const int label : table.column_labels) rows[0].push_back(fmt::format("true {}", label));
  for (int64_t r = 0; r < table.rows(); ++r) {
    rows.push_back({std::to_string(table.row_labels[r])});
    for (int64_t c = 0; c < table.columns(); ++c) rows.back().push_back(std::to_string(table.at(r, c)));
  }
  return column_table(rows);
}

}  // namespace

int cmd_evaluate_classes(const Invocation& call) {
  Session session(call);
  EvaluateClassesRequest request;
  if (!session.parse(request)) return 0;
  const EvaluateClassesOutcome outcome = run_evaluate_classes(request, session.context(), call.command_line);
  const ClassScores& scores = outcome.scores;
  std::string text = fmt::format(
      "{} of {} misclassified: accuracy {:.4f}, purity {:.4f}, adjusted Rand index {:.4f}, "
      "mean F1 {:.4f}\n",
      scores.misclassified, scores.total, scores.accuracy, scores.purity, scores.adjusted_rand_index, scores.mean_f1);
  text += fmt::format(
      "accuracy with 95 % of bootstrap samples in {:.4f} … {:.4f}; class numbers as in the truth: {:.4f} ({:.4f} … "
      "{:.4f})\n",
      outcome.accuracy_interval.low, outcome.accuracy_interval.high, outcome.same_number,
      outcome.same_number_interval.low, outcome.same_number_interval.high);
  if (outcome.missing > 0)
    text += fmt::format("{} true particles are not in the result and were left out\n", outcome.missing);
  return session.print(outcome.json(), text + class_table(scores) + contingency(outcome.table));
}

}  // namespace tessera
