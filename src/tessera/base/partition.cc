// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/partition.h"

#include <algorithm>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

std::vector<int> distinct(std::span<const int> labels) {
  std::vector<int> out(labels.begin(), labels.end());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

int64_t place_of(const std::vector<int>& labels, int label) {
  return std::lower_bound(labels.begin(), labels.end(), label) - labels.begin();
}

double pairs(int64_t count) {
  return 0.5 * static_cast<double>(count) * static_cast<double>(count - 1);
}

}  // namespace

int64_t ContingencyTable::row_sum(int64_t row) const {
  int64_t sum = 0;
  for (int64_t c = 0; c < columns(); ++c) sum += at(row, c);
  return sum;
}

int64_t ContingencyTable::column_sum(int64_t column) const {
  int64_t sum = 0;
  for (int64_t r = 0; r < rows(); ++r) sum += at(r, column);
  return sum;
}

int64_t ContingencyTable::total() const {
  int64_t sum = 0;
  for (const int64_t count : counts) sum += count;
  return sum;
}

ContingencyTable cross_tabulate(std::span<const int> labels_a, std::span<const int> labels_b) {
  if (labels_a.size() != labels_b.size())
    throw InternalError(fmt::format("{} labels beside {}", labels_a.size(), labels_b.size()));
  ContingencyTable table{distinct(labels_a), distinct(labels_b), {}};
  table.counts.resize(table.rows() * table.columns());
  for (size_t i = 0; i < labels_a.size(); ++i)
    ++table.counts[place_of(table.row_labels, labels_a[i]) * table.columns() +
                   place_of(table.column_labels, labels_b[i])];
  return table;
}

double adjusted_rand_index(const ContingencyTable& table) {
  double together = 0, in_rows = 0, in_columns = 0;
  for (const int64_t count : table.counts) together += pairs(count);
  for (int64_t r = 0; r < table.rows(); ++r) in_rows += pairs(table.row_sum(r));
  for (int64_t c = 0; c < table.columns(); ++c) in_columns += pairs(table.column_sum(c));
  const double all = pairs(table.total());
  const double expected = all > 0 ? in_rows * in_columns / all : 0, most = 0.5 * (in_rows + in_columns);
  // `most` equals `expected` only where both divisions are all-in-one or both all-alone.
  return most > expected ? (together - expected) / (most - expected) : 1.0;
}

double adjusted_rand_index(std::span<const int> labels_a, std::span<const int> labels_b) {
  return adjusted_rand_index(cross_tabulate(labels_a, labels_b));
}

}  // namespace tessera
