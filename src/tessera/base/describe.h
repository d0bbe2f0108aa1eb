// SPDX-License-Identifier: GPL-3.0-or-later
// Options as JSON, from their description (option.h).
#pragma once

#include <nlohmann/json.hpp>
#include <utility>

#include "tessera/base/option.h"

namespace tessera {

// null where an optional value is not given.
template <typename T>
nlohmann::ordered_json option_json(const T& value) {
  if constexpr (requires { value.has_value(); }) {
    return value.has_value() ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  } else {
    return value;
  }
}

// Collects resolved values as JSON (for run.json).
class JsonVisitor {
 public:
  template <typename T>
  void operator()(const Option& option, T& value) {
    json_[option.name] = option_json(value);
  }
  nlohmann::ordered_json take() { return std::move(json_); }

 private:
  nlohmann::ordered_json json_ = nlohmann::ordered_json::object();
};

template <typename Options>
nlohmann::ordered_json options_json(Options options) {
  JsonVisitor visitor;
  options.describe(visitor);
  return visitor.take();
}

}  // namespace tessera
