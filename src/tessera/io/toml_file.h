// SPDX-License-Identifier: GPL-3.0-or-later
// TOML files as JSON values, which carry no trace of their layout.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace tessera {

// Tables become objects (keys in alphabetical order), arrays arrays, whole numbers above or at 0 unsigned. A date or
// time becomes the text "a date or time", which the field that meets it refuses. IoError naming line and column when
// the file cannot be read or is not TOML 1.0.
nlohmann::ordered_json read_toml(const std::filesystem::path& path);

}  // namespace tessera
