// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/cli/output.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "tessera/base/errors.h"
#include "tessera/cli/help_text.h"

namespace tessera {

void print_line(const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0)
    throw IoError("standard output: cannot be written; free space where it is redirected to");
}

std::string aligned_table(const std::vector<std::pair<std::string, std::string>>& rows) {
  size_t width = 0;
  for (const auto& row : rows) width = std::max(width, display_width(row.first));
  std::string out;
  for (const auto& [name, value] : rows)
    out += fmt::format("  {}{:{}}{}\n", name, "", width - display_width(name) + 2, value);
  return out;
}

std::string column_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - display_width(row[i]), ' ');
      const char first = row[i].empty() ? ' ' : row[i][0];
      const bool number = std::isdigit(static_cast<unsigned char>(first)) || first == '-' || first == '+';
      line += "  " + (number ? gap + row[i] : row[i] + gap);
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

}  // namespace tessera
