// SPDX-License-Identifier: GPL-3.0-or-later
// Where an experiment keeps its data.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace tessera::science {

// A folder of this process that goes when the run ends, or the one the user wants kept.
struct WorkFolder {
  WorkFolder(const std::string& program, const std::string& keep)
      : path(keep.empty() ? std::filesystem::temp_directory_path() / fmt::format("tessera-{}-{}", program, getpid())
                          : std::filesystem::path(keep)),
        kept(!keep.empty()) {}
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() { clear(); }
  void clear() const {
    std::error_code ignored;
    if (!kept) std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
  bool kept;
};

}  // namespace tessera::science
