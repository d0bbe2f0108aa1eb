// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/class_scores.h"

#include <algorithm>

#include "tessera/base/assignment.h"
#include "tessera/base/errors.h"

namespace tessera {

ClassScores score_classes(const ContingencyTable& found_by_true) {
  ClassScores out;
  out.total = found_by_true.total();
  if (out.total == 0) throw InternalError("no classified things to score");
  const auto whole = static_cast<double>(out.total);
  const std::vector<double> shared(found_by_true.counts.begin(), found_by_true.counts.end());
  const std::vector<int> column_of = best_assignment(found_by_true.rows(), found_by_true.columns(), shared);
  for (int64_t c = 0; c < found_by_true.columns(); ++c) {
    out.classes.push_back({});
    out.classes.back().true_class = found_by_true.column_labels[c];
    out.classes.back().size = found_by_true.column_sum(c);
  }
  int64_t right = 0, pure = 0;
  for (int64_t r = 0; r < found_by_true.rows(); ++r) {
    int64_t commonest = 0;
    for (int64_t c = 0; c < found_by_true.columns(); ++c) commonest = std::max(commonest, found_by_true.at(r, c));
    pure += commonest;
    if (column_of[r] < 0) continue;
    ClassScore& score = out.classes[column_of[r]];
    const int64_t both = found_by_true.at(r, column_of[r]);
    right += both;
    score.found_class = found_by_true.row_labels[r];
    score.matched = true;
    score.precision = static_cast<double>(both) / static_cast<double>(found_by_true.row_sum(r));
    score.recall = static_cast<double>(both) / static_cast<double>(score.size);
    if (both > 0) score.f1 = 2 * score.precision * score.recall / (score.precision + score.recall);
  }
  out.misclassified = out.total - right;
  out.accuracy = static_cast<double>(right) / whole;
  out.purity = static_cast<double>(pure) / whole;
  out.adjusted_rand_index = adjusted_rand_index(found_by_true);
  for (const ClassScore& score : out.classes) out.mean_f1 += score.f1 / static_cast<double>(out.classes.size());
  return out;
}

}  // namespace tessera
