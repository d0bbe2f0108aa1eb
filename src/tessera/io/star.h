// SPDX-License-Identifier: GPL-3.0-or-later
// STAR documents as RELION writes them: data blocks, each a table (loop_) or a list of pairs.
// Grammar: Hall 1991, "The STAR file", with CIF quoting ('…', "…", ;…;). As in RELION a row is one line; rows wrapped
// over several lines are read too. A value such as data_2024/map.mrc is a value, not a block.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

// One block. Pairs are a table of one row with is_loop = false. Column names carry no leading underscore.
struct StarTable {
  std::string name;  // after "data_"; may be empty
  bool is_loop = true;
  std::vector<std::string> columns;
  std::vector<std::string> values;  // row-major: values[row * columns.size() + column]
  int64_t line = 0;                 // where the block starts in the file, from 1; 0 if made here

  int64_t rows() const { return columns.empty() ? 0 : static_cast<int64_t>(values.size() / columns.size()); }
  std::optional<size_t> find(std::string_view column) const;
  const std::string& at(int64_t row, size_t column) const { return values[row * columns.size() + column]; }
};

struct StarDocument {
  std::vector<StarTable> tables;
  // The first table of that name, or null.
  const StarTable* find(std::string_view name) const;
};

// `source` names the text in messages. IoError naming source, block, line and row: nothing in it, ragged loop,
// duplicate columns, duplicate blocks, unclosed quote, value outside a block. About 100 MB/s.
StarDocument parse_star(std::string_view text, const std::string& source);
StarDocument read_star(const std::filesystem::path& path);

// Text that parse_star reads back to the same document. Columns are aligned by spaces, numbered as RELION does.
// UserError where that is
// impossible: a ragged table, a loop without columns, a name twice or of several words, a value with a line that begins
// with ';'.
std::string format_star(const StarDocument& document);
void write_star(const std::filesystem::path& path, const StarDocument& document);

}  // namespace tessera
