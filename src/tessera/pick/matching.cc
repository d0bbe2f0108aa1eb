// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/matching.h"

#include <algorithm>
#include <limits>

#include "tessera/base/errors.h"

namespace tessera {

constexpr double never = std::numeric_limits<double>::infinity();

struct SparseMatching::Step {
  double travelled;
  int32_t column;
  bool operator<(const Step& other) const {  // the nearest on top of the heap, the lower column of equals
    return travelled != other.travelled ? travelled > other.travelled : column > other.column;
  }
};

SparseMatching::SparseMatching(int64_t rows, int64_t columns, double longest)
    : alone_((static_cast<double>(rows) + 2) * (longest > 0 ? longest : 1)),
      longest_(longest),
      limit_(rows),
      column_price_(columns),
      row_of_(columns, -1),
      travelled_(columns, never),
      from_(columns, -1),
      is_settled_(columns) {}

void SparseMatching::reach(int32_t row, double travelled, std::vector<Step>& heap) {
  for (const PossiblePair& pair : edges_[row]) {
    const int32_t c = pair.column;
    if (is_settled_[c]) continue;
    const double there = travelled + std::max(0.0, pair.distance - row_price_[row] - column_price_[c]);
    if (!(there < travelled_[c])) continue;
    if (travelled_[c] == never) touched_.push_back(c);
    travelled_[c] = there;
    from_[c] = row;
    heap.push_back({there, c});
    std::push_heap(heap.begin(), heap.end());
  }
}

// Prices after a search of this length, so that no reduced distance is negative and those of pairs are zero.
void SparseMatching::settle_prices(int32_t root, double length) {
  row_price_[root] += length;
  for (const int32_t c : settled_) {
    const double spare = length - travelled_[c];
    column_price_[c] -= spare;
    row_price_[row_of_[c]] += spare;
  }
}

bool SparseMatching::add(std::span<const PossiblePair> pairs) {
  const auto root = static_cast<int32_t>(edges_.size());
  if (root >= limit_) throw InternalError("more rows than announced");
  for (const PossiblePair& pair : pairs)
    if (!(pair.distance >= 0 && pair.distance <= longest_) || pair.column < 0 ||
        pair.column >= static_cast<int64_t>(row_of_.size()))
      throw InternalError(fmt::format("a pair of column {} and distance {}", pair.column, pair.distance));
  edges_.emplace_back(pairs.begin(), pairs.end());
  row_price_.push_back(0);
  column_of_.push_back(-1);

  std::vector<Step> heap;
  reach(root, 0, heap);
  double length = alone_;  // the cheapest end so far: some row of the tree stays alone
  int32_t loner = root, end = -1;
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    const Step step = heap.back();
    heap.pop_back();
    if (step.travelled >= length) break;
    if (is_settled_[step.column] || step.travelled > travelled_[step.column]) continue;
    const int32_t row = row_of_[step.column];
    if (row < 0) {
      length = step.travelled;
      end = step.column;
      break;
    }
    is_settled_[step.column] = 1;
    settled_.push_back(step.column);
    if (const double to_be_alone = step.travelled + alone_ - row_price_[row]; to_be_alone < length) {
      length = to_be_alone;
      loner = row;
    }
    reach(row, step.travelled, heap);
  }
  settle_prices(root, length);
  const bool grew = end >= 0;
  if (!grew && loner != root) {  // its column is free for the path to end in
    end = column_of_[loner];
    column_of_[loner] = -1;
  }
  while (end >= 0) {
    const int32_t row = from_[end], next = column_of_[row];
    row_of_[end] = row;
    column_of_[row] = end;
    end = row == root ? -1 : next;
  }
  pairs_ += grew;
  for (const int32_t c : touched_) travelled_[c] = never;
  for (const int32_t c : settled_) is_settled_[c] = 0;
  touched_.clear();
  settled_.clear();
  return grew;
}

}  // namespace tessera
