// SPDX-License-Identifier: GPL-3.0-or-later
// From the words of a command line or a file to typed values.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "tessera/cli/option_parser.h"

namespace tessera {
namespace {

using Fault = std::optional<std::string>;

template <typename Number>
Fault read_number(const std::string& word, Number& value) {
  const char* first = word.data() + (word.starts_with('+') ? 1 : 0);
  const char* last = word.data() + word.size();
  Number read{};
  const auto [end, error] = std::from_chars(first, last, read);
  if (error == std::errc::result_out_of_range) return fmt::format("'{}' is out of range", word);
  const bool whole = error == std::errc() && end == last;
  if constexpr (std::is_floating_point_v<Number>) {
    if (!whole || !std::isfinite(read)) return fmt::format("'{}' is not a number", word);
  } else {
    if (!whole) return fmt::format("'{}' is not {} whole number", word, std::is_signed_v<Number> ? "a" : "a positive");
  }
  value = read;
  return std::nullopt;
}

Fault read_word(const std::string& word, int& value) {
  return read_number(word, value);
}
Fault read_word(const std::string& word, uint64_t& value) {
  return read_number(word, value);
}
Fault read_word(const std::string& word, double& value) {
  return read_number(word, value);
}
Fault read_word(const std::string& word, std::string& value) {
  value = word;
  return std::nullopt;
}
Fault read_word(const std::string& word, std::optional<double>& value) {
  double number = 0;
  Fault fault = read_number(word, number);
  if (!fault) value = number;
  return fault;
}
Fault read_word(const std::string& word, bool& value) {
  if (word != "true" && word != "false") return fmt::format("'{}' is neither true nor false", word);
  value = word == "true";
  return std::nullopt;
}

template <typename T>
Fault read_all(const std::vector<std::string>& words, T& field) {
  if (words.size() != 1) return fmt::format("takes one value, {} given", words.size());
  return read_word(words.front(), field);
}
template <typename T>
Fault read_all(const std::vector<std::string>& words, std::vector<T>& field) {
  std::vector<T> values(words.size());
  for (size_t i = 0; i < words.size(); ++i)
    if (Fault fault = read_word(words[i], values[i])) return fault;
  field = std::move(values);
  return std::nullopt;
}
Fault read_all(const std::vector<std::string>& words, std::array<double, 2>& field) {
  if (words.size() != 2) return fmt::format("takes two values, {} given", words.size());
  std::array<double, 2> values{};
  for (size_t i = 0; i < 2; ++i)
    if (Fault fault = read_word(words[i], values[i])) return fault;
  field = values;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> assign(const OptionParser::Field& field, const std::vector<std::string>& values) {
  return std::visit([&](auto* pointer) { return read_all(values, *pointer); }, field);
}

}  // namespace tessera
