// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <type_traits>

namespace tessera {

// The value of a document that may be damaged, as that type; throws the library's type_error, as get does. What get
// does not refuse is a number with a fraction, or one beyond every integer, where an integer is expected: that
// conversion is undefined. `Json` is nlohmann::json or nlohmann::ordered_json.
template <typename T, typename Json>
T json_value(const Json& json) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
    if (!json.is_number_integer())
      throw Json::type_error::create(302, std::string("a whole number is expected, not ") + json.type_name(), &json);
  return json.template get<T>();
}

}  // namespace tessera
