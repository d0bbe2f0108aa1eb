// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/cli/help_text.h"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace tessera {
namespace {

constexpr size_t page_width = 100, text_column = 36;

// "--voxel-size <Å>", "--tilt-range <degrees> <degrees>", "--structure <…> …".
std::string left_column(const HelpEntry& entry) {
  const std::string name = entry.option.name;
  if (entry.positional) return upper_name(name) + (entry.values == 0 ? " ..." : "");
  if (entry.is_flag) return "--" + std::string(entry.default_text == "on" ? "no-" : "") + name;
  const std::string unit = entry.option.unit;
  const std::string value = " <" + (unit.empty() ? "value" : unit) + ">";
  return "--" + name + value + (entry.values == 2 ? value : "") + (entry.values == 0 ? " ..." : "");
}

std::string right_column(const HelpEntry& entry) {
  std::string text = entry.option.description;
  if (entry.is_flag && entry.default_text == "on") return "Do not: " + text + " [default: on]";
  if (!entry.is_flag && !entry.default_text.empty()) text += " [default: " + entry.default_text + "]";
  return text;
}

}  // namespace

std::string upper_name(const std::string& name) {
  std::string out = name;
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

size_t display_width(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; });
}

std::string folded(const std::string& text, size_t width, size_t indent) {
  std::istringstream words(text);
  std::string out, word;
  size_t column = 0;
  while (words >> word) {
    const size_t size = display_width(word);
    if (column > 0 && column + 1 + size > width) {
      out += "\n" + std::string(indent, ' ');
      column = 0;
    }
    if (column > 0) out += " ";
    out += word;
    column += size + (column > 0 ? 1 : 0);
  }
  return out;
}

std::string help_text(const std::string& verb, const std::string& purpose, const std::vector<HelpEntry>& entries) {
  std::string usage = "usage: tessera " + verb;
  std::vector<std::string> groups;
  for (const HelpEntry& entry : entries) {
    if (entry.positional) usage += " " + left_column(entry);
    if (std::find(groups.begin(), groups.end(), entry.option.group) == groups.end())
      groups.emplace_back(entry.option.group);
  }
  std::string out = folded(purpose, page_width, 0) + "\n\n" + usage + " [options]\n";
  for (const std::string& group : groups) {
    out += "\n" + group + ":\n";
    for (const HelpEntry& entry : entries) {
      if (entry.option.group != group) continue;
      const std::string left = "  " + left_column(entry);
      const size_t width = display_width(left);
      out += left;
      out += width + 2 > text_column ? "\n" + std::string(text_column, ' ') : std::string(text_column - width, ' ');
      out += folded(right_column(entry), page_width - text_column, text_column) + "\n";
    }
  }
  return out;
}

}  // namespace tessera
