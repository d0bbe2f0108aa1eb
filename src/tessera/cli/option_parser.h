// SPDX-License-Identifier: GPL-3.0-or-later
// Turns described options (base/describe.h) into flags, help text and keys of a TOML file.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tessera/base/option.h"
#include "tessera/pipeline/chain.h"

namespace tessera {

// A visitor for describe(): each field becomes the flag --name (bool: --name and --no-name), except that fields of the
// group "Arguments" are positional, in the order described, filled one after the other (a vector takes all that
// remain). Values already in a field are its defaults. The fields must outlive the parser.
class OptionParser {
 public:
  using Field =
      std::variant<bool*, int*, uint64_t*, double*, std::string*, std::optional<double>*, std::vector<double>*,
                   std::vector<int>*, std::vector<std::string>*, std::array<double, 2>*>;

  OptionParser(std::string verb, std::string purpose);
  ~OptionParser();
  OptionParser(const OptionParser&) = delete;
  OptionParser& operator=(const OptionParser&) = delete;

  template <typename T>
  void operator()(const Option& option, T& field) {
    add(option, Field(&field));
  }

  // Sets the fields: default < file < flag. The file is the value of the flag --config, if that is described.
  // UserError listing every fault: unknown flags and keys (with the nearest offered), missing and malformed values.
  // IoError when the file cannot be read. May be called again, after the fields were changed.
  void parse(const std::vector<std::string>& arguments);

  // Every option with its value, in the order described.
  std::vector<ChainOption> values() const;
  // Usage, then options by group with unit and default; at most 100 columns.
  std::string help() const;

 private:
  struct State;
  void add(const Option& option, Field field);
  std::unique_ptr<State> state_;
};

// Reads `values` into the field; returns what is wrong with them, or nothing.
std::optional<std::string> assign(const OptionParser::Field& field, const std::vector<std::string>& values);

}  // namespace tessera
