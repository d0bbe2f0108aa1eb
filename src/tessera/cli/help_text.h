// SPDX-License-Identifier: GPL-3.0-or-later
// The layout of --help.
#pragma once

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "tessera/base/option.h"

namespace tessera {

struct HelpEntry {
  Option option;
  bool is_flag = false;  // takes no value
  bool positional = false;
  int values = 1;            // 0: one or more
  std::string default_text;  // empty: none
};

// "INPUT" for "input".
std::string upper_name(const std::string& name);

// Groups keep the order of their first option. Lines of at most 100 columns.
std::string help_text(const std::string& verb, const std::string& purpose, const std::vector<HelpEntry>& entries);

// Text folded into lines of at most `width` columns, the later ones indented by `indent` blanks.
std::string folded(const std::string& text, size_t width, size_t indent);

// Columns a UTF-8 text takes on a terminal (no wide characters).
size_t display_width(const std::string& text);

inline std::string default_text(bool value) {
  return value ? "on" : "";
}
inline std::string default_text(const std::string& value) {
  return value;
}
inline std::string default_text(const std::optional<double>& value) {
  return value ? fmt::format("{:g}", *value) : "";
}
inline std::string default_text(double value) {
  return fmt::format("{:g}", value);
}
inline std::string default_text(int value) {
  return fmt::format("{}", value);
}
inline std::string default_text(uint64_t value) {
  return fmt::format("{}", value);
}
template <typename T>
std::string default_text(const std::vector<T>& list) {
  std::string out;
  for (const T& value : list) out += (out.empty() ? "" : " ") + default_text(value);
  return out;
}
inline std::string default_text(const std::array<double, 2>& pair) {
  return default_text(pair[0]) + " " + default_text(pair[1]);
}

}  // namespace tessera
