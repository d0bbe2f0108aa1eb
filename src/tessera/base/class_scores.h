// SPDX-License-Identifier: GPL-3.0-or-later
// How well a classification found the true classes.
#pragma once

#include <vector>

#include "tessera/base/partition.h"

namespace tessera {

struct ClassScore {
  int true_class = 0;
  int found_class = 0;  // the found class matched to it; meaningless unless `matched`
  bool matched = false;
  int64_t size = 0;                          // things of the true class
  double precision = 0, recall = 0, f1 = 0;  // of the matched class; all 0 where none is matched
};

struct ClassScores {
  std::vector<ClassScore> classes;  // in the order of the true labels
  int64_t total = 0, misclassified = 0;
  double accuracy = 0;  // share of things in the found class matched to their own
  double purity = 0;    // share of things that belong to the commonest true class of their found class
  double adjusted_rand_index = 0;
  double mean_f1 = 0;  // over true classes, each counted once whatever its size
};

// Rows of the table: found classes; columns: true ones. Each true class is matched to at most one found class so that
// the fewest things are misclassified; things in found classes without a partner are misclassified, however pure those
// are (purity tells). F1 = 2 precision·recall/(precision + recall), [F] 3.3.1. InternalError on an empty table.
ClassScores score_classes(const ContingencyTable& found_by_true);

}  // namespace tessera
