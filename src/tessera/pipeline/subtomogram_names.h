// SPDX-License-Identifier: GPL-3.0-or-later
// What the subtomograms of a data set are called.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace tessera {

// Of particle `index`, from 0, relative to the set's folder.
std::string subtomogram_name(int64_t index);

// Subtomograms of an earlier, larger set in `folder` under the names that follow those of `count` particles would be
// taken for part of this one: they are removed.
void remove_surplus_subtomograms(const std::filesystem::path& folder, int64_t count);

}  // namespace tessera
