// SPDX-License-Identifier: GPL-3.0-or-later
// Reads named fields of a JSON object; whatever is missing, unknown or of the wrong type becomes a fault with its
// place.
#pragma once

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/nearest.h"
#include "tessera/base/vec3.h"
#include "tessera/so3/rotation.h"

namespace tessera {

class JsonFields {
 public:
  using Json = nlohmann::ordered_json;

  // `place` is the path of the object, "" at the top. All three must outlive this.
  JsonFields(const Json& object, std::string place, Faults& faults)
      : object_(object), place_(std::move(place)), faults_(faults) {
    if (!object_.is_object()) faults_.add((place_.empty() ? "the file" : place_) + " must be an object");
  }

  // A fault where the field is missing.
  template <typename T>
  void read(const char* name, T& value) const {
    if (const Json* found = find(name, true)) assign(name, *found, value);
  }
  // Leaves `value` as it is where the field is missing.
  template <typename T>
  void read_if_given(const char* name, T& value) const {
    if (const Json* found = find(name, false)) assign(name, *found, value);
  }
  template <typename T>
  void read_if_given(const char* name, std::optional<T>& value) const {
    if (const Json* found = find(name, false)) assign(name, *found, value.emplace());
  }
  // An array of objects, each read by read_row(fields, element).
  template <typename T, typename ReadRow>
  void rows(const char* name, std::vector<T>& out, ReadRow&& read_row, bool required = true) const {
    const Json* found = find(name, required);
    if (!found) return;
    if (!found->is_array()) return fail(name, "must be an array");
    out.resize(found->size());
    for (size_t i = 0; i < found->size(); ++i)
      read_row(JsonFields((*found)[i], prefix() + name + "[" + std::to_string(i) + "]", faults_), out[i]);
  }
  // A fault for every field that was never asked for.
  void refuse_others() const {
    if (!object_.is_object()) return;
    const std::vector<std::string> known(asked_.begin(), asked_.end());
    for (const auto& [name, value] : object_.items())
      if (!asked_.contains(name)) faults_.add(prefix() + name + " is unknown" + did_you_mean(name, known));
  }
  void fail(const char* name, const std::string& what) const { faults_.add(prefix() + name + " " + what); }
  const std::string& place() const { return place_; }

 private:
  std::string prefix() const { return place_.empty() ? "" : place_ + "."; }

  const Json* find(const char* name, bool required) const {
    asked_.insert(name);
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(name);
    if (found != object_.end()) return &*found;
    if (required) fail(name, "is missing");
    return nullptr;
  }

  template <typename T>
  void assign(const char* name, const Json& json, T& value) const {
    try {
      convert(json, value);
    } catch (const nlohmann::json::exception&) {
      // Not written out where it is nested: json.dump() of a hostile depth would overflow the stack.
      fail(name, "cannot be read from " + (json.is_structured() ? "an array or object" : json.dump().substr(0, 60)));
    } catch (const std::invalid_argument& error) {
      fail(name, error.what());
    }
  }

  template <typename T>
  static void convert(const Json& json, T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      if (!json.is_boolean()) throw std::invalid_argument("must be true or false");
    } else if constexpr (std::is_integral_v<T>) {
      if (!json.is_number()) throw std::invalid_argument("must be a number");
      if (!json.is_number_integer()) throw std::invalid_argument("must be a whole number");
      if (std::is_unsigned_v<T> && !json.is_number_unsigned()) throw std::invalid_argument("must not be negative");
    } else if constexpr (std::is_floating_point_v<T>) {
      if (!json.is_number()) throw std::invalid_argument("must be a number");
    }
    json.get_to(value);
  }
  template <typename T, size_t n>
  static void convert(const Json& json, std::array<T, n>& value) {
    if (!json.is_array() || json.size() != n)
      throw std::invalid_argument("must have " + std::to_string(n) + " numbers");
    for (size_t i = 0; i < n; ++i) convert(json[i], value[i]);
  }
  static void convert(const Json& json, Vec3& value) {
    std::array<double, 3> v{};
    convert(json, v);
    value = {v[0], v[1], v[2]};
  }
  template <typename T>
  static void convert(const Json& json, std::vector<T>& value) {
    if (!json.is_array()) throw std::invalid_argument("must be an array");
    value.resize(json.size());
    for (size_t i = 0; i < json.size(); ++i) convert(json[i], value[i]);
  }
  static void convert(const Json& json, Rotation& value) {
    std::array<double, 4> q{};
    convert(json, q);
    const double square = q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3];
    if (!(std::abs(square - 1) < 1e-6)) throw std::invalid_argument("must be w, x, y, z of square sum 1");
    value = Rotation::from_quaternion(q[0], q[1], q[2], q[3]);
  }

  const Json& object_;
  std::string place_;
  Faults& faults_;
  mutable std::set<std::string> asked_;
};

}  // namespace tessera
