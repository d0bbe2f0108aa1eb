// SPDX-License-Identifier: GPL-3.0-or-later
// Two ways to divide the same things into classes, and how much they agree.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tessera {

// Counts of things by their label in each of two divisions.
struct ContingencyTable {
  std::vector<int> row_labels, column_labels;  // ascending, those that occur
  std::vector<int64_t> counts;                 // rows × columns

  int64_t rows() const { return static_cast<int64_t>(row_labels.size()); }
  int64_t columns() const { return static_cast<int64_t>(column_labels.size()); }
  int64_t at(int64_t row, int64_t column) const { return counts[row * columns() + column]; }
  int64_t row_sum(int64_t row) const;
  int64_t column_sum(int64_t column) const;
  int64_t total() const;
};

// labels_a[i] and labels_b[i] are of the same thing i; any whole numbers serve as labels. InternalError when the two
// are not of one length. Cost n log n.
ContingencyTable cross_tabulate(std::span<const int> labels_a, std::span<const int> labels_b);

// Agreement of two divisions whatever their classes are called: 1 when they are the same, 0 on average when one is
// random with the same class sizes, negative when worse. Hubert & Arabie 1985, "Comparing partitions", Eq. 5, from
// pairs of things that both put together. 1 where both are trivial in the same way (all in one class, all alone).
// Oracle: counts over all pairs (partition_test.cc).
double adjusted_rand_index(const ContingencyTable& table);
double adjusted_rand_index(std::span<const int> labels_a, std::span<const int> labels_b);

}  // namespace tessera
