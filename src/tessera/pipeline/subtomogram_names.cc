// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/subtomogram_names.h"

#include <fmt/format.h>

namespace tessera {

std::string subtomogram_name(int64_t index) {
  return fmt::format("subtomograms/particle_{:06}.mrc", index + 1);
}

void remove_surplus_subtomograms(const std::filesystem::path& folder, int64_t count) {
  std::error_code error;
  for (int64_t i = count; std::filesystem::remove(folder / subtomogram_name(i), error); ++i) {
  }
}

}  // namespace tessera
