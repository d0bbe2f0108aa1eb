// SPDX-License-Identifier: GPL-3.0-or-later
// The assignment problem: which row goes with which column, one to one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tessera {

// The one-to-one matching of rows and columns with the largest sum of `value` (rows × columns, row-major, finite): the
// column of each row, or -1. min(rows, columns) pairs are always made; rows beyond the columns stay alone. Among equal
// sums the choice is the same at every call. The Hungarian method with potentials (Kuhn 1955; Jonker & Volgenant 1987):
// cost min² · max. InternalError on sizes that do not agree or values that are not finite.
// Oracle: all permutations (assignment_test.cc).
std::vector<int> best_assignment(int64_t rows, int64_t columns, std::span<const double> value);

}  // namespace tessera
