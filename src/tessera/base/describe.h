// SPDX-License-Identifier: GPL-3.0-or-later
// One description of an options struct yields its flags, its help, its TOML keys and its part of run.json.
//
//   struct DensityOptions {
//     int box = 64;
//     template <typename Visitor> void describe(Visitor& visit) {
//       visit(Option{"box", "voxels", "Edge of the cubic map", "Geometry"}, box);
//     }
//   };
// A visitor is called as visit(Option, field) with field one of bool, int, double, std::string, std::optional<double>,
// std::vector<double>, std::vector<int>, std::vector<std::string>, std::array<double,2>, uint64_t.
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace tessera {

struct Option {
  const char* name;         // flag without dashes, e.g. "voxel-size"
  const char* unit;         // "Å", "degrees", "" for none
  const char* description;  // one sentence without a full stop
  const char* group;        // heading in --help
};

// Collects resolved values as JSON (for run.json).
class JsonVisitor {
 public:
  template <typename T>
  void operator()(const Option& option, T& value) {
    if constexpr (requires { value.has_value(); }) {
      json_[option.name] = value.has_value() ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
    } else {
      json_[option.name] = value;
    }
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
