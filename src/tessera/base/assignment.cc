// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/assignment.h"

#include <cmath>
#include <limits>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

// Adds rows one at a time, each along the cheapest alternating path. Row and column 0 are sentinels.
class Matching {
 public:
  // cost(row, column) for rows ≤ columns, both from 1.
  template <typename Cost>
  Matching(int rows, int columns, const Cost& cost)
      : columns_(columns), row_price_(rows + 1), column_price_(columns + 1), row_of_(columns + 1) {
    for (int row = 1; row <= rows; ++row) add(row, cost);
  }
  int row_of(int column) const { return row_of_[column]; }

 private:
  template <typename Cost>
  void add(int row, const Cost& cost) {
    std::vector<double> slack(columns_ + 1, std::numeric_limits<double>::infinity());
    std::vector<int> came_from(columns_ + 1);
    std::vector<bool> reached(columns_ + 1);
    row_of_[0] = row;
    int column = 0;
    do {  // Dijkstra on reduced costs until a free column is reached
      reached[column] = true;
      int nearest = 0;
      double step = std::numeric_limits<double>::infinity();
      for (int c = 1; c <= columns_; ++c) {
        if (reached[c]) continue;
        const double reduced = cost(row_of_[column], c) - row_price_[row_of_[column]] - column_price_[c];
        if (reduced < slack[c]) {
          slack[c] = reduced;
          came_from[c] = column;
        }
        if (slack[c] < step) {
          step = slack[c];
          nearest = c;
        }
      }
      for (int c = 0; c <= columns_; ++c) {
        if (reached[c]) {
          row_price_[row_of_[c]] += step;
          column_price_[c] -= step;
        } else {
          slack[c] -= step;
        }
      }
      column = nearest;
    } while (row_of_[column] != 0);
    for (; column != 0; column = came_from[column]) row_of_[column] = row_of_[came_from[column]];
  }

  int columns_;
  std::vector<double> row_price_, column_price_;
  std::vector<int> row_of_;  // of each column; 0: free
};

}  // namespace

std::vector<int> best_assignment(int64_t rows, int64_t columns, std::span<const double> value) {
  if (rows < 0 || columns < 0 || static_cast<int64_t>(value.size()) != rows * columns)
    throw InternalError(fmt::format("{} values to assign {} rows to {} columns", value.size(), rows, columns));
  for (const double v : value)
    if (!std::isfinite(v)) throw InternalError("values of an assignment must be finite");
  std::vector<int> column_of(rows, -1);
  const bool tall = rows > columns;
  const auto cost = [&](int row, int column) {
    return tall ? -value[(column - 1) * columns + row - 1] : -value[(row - 1) * columns + column - 1];
  };
  const int fewer = static_cast<int>(tall ? columns : rows), more = static_cast<int>(tall ? rows : columns);
  const Matching matching(fewer, more, cost);
  for (int m = 1; m <= more; ++m) {
    const int f = matching.row_of(m);
    if (f == 0) continue;
    if (tall)
      column_of[m - 1] = f - 1;
    else
      column_of[f - 1] = m - 1;
  }
  return column_of;
}

}  // namespace tessera
