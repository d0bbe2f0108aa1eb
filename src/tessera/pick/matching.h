// SPDX-License-Identifier: GPL-3.0-or-later
// One-to-one matching where few pairs are possible: rows come one by one, the matching is the best at every moment.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tessera {

struct PossiblePair {
  int32_t column = 0;
  double distance = 0;  // ≥ 0
};

// Among the rows added so far: as many pairs as can be and, of such matchings, one with the least sum of distances.
// Each row is inserted along the shortest alternating path (Jonker & Volgenant 1987) over its possible pairs alone, a
// row without partner going to a column of its own that is dearer than all pairs together. Rows once left without
// partner stay so. Cost of an insertion: p log p for the p pairs that its alternating paths reach, a neighbourhood
// unless everything is in reach of everything. Oracle: best_assignment, and all prefixes (matching_test.cc).
class SparseMatching {
 public:
  // At most `rows` rows will be added; no distance exceeds `longest`. InternalError otherwise.
  SparseMatching(int64_t rows, int64_t columns, double longest);

  // True when the number of pairs grew.
  bool add(std::span<const PossiblePair> pairs);
  int64_t pairs() const { return pairs_; }
  // The column of a row, the row of a column; −1: none.
  int32_t column_of(int64_t row) const { return column_of_[row]; }
  int32_t row_of(int64_t column) const { return row_of_[column]; }

 private:
  struct Step;
  void reach(int32_t row, double travelled, std::vector<Step>& heap);
  void settle_prices(int32_t root, double length);
  double alone_, longest_;
  int64_t limit_, pairs_ = 0;
  std::vector<std::vector<PossiblePair>> edges_;   // of each row
  std::vector<double> row_price_, column_price_;   // duals
  std::vector<int32_t> column_of_, row_of_;        // −1: none
  std::vector<double> travelled_;                  // of columns, in the current search
  std::vector<int32_t> from_, touched_, settled_;  // row before a column; columns seen; columns final
  std::vector<uint8_t> is_settled_;
};

}  // namespace tessera
