// SPDX-License-Identifier: GPL-3.0-or-later
// What a verb says on standard output.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tessera {

// Writes the text and flushes. IoError when standard output takes it not (full disk, closed).
void print_line(const std::string& text);

// Lines "name   value" with the values aligned; names may hold UTF-8.
std::string aligned_table(const std::vector<std::pair<std::string, std::string>>& rows);

// Columns aligned under a heading row, numbers (cells that begin with a digit or sign) to the right.
std::string column_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace tessera
