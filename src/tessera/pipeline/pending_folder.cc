// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/pending_folder.h"

#include <unistd.h>

#include "tessera/base/errors.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {
namespace {

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw IoError(fmt::format("{}: the folder cannot be made ({}); free space or choose another --output",
                              folder.string(), error.message()));
}

}  // namespace

PendingFolder::PendingFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
  prepare_folder(folder_);
  lock_ = std::make_unique<RunLock>(folder_);
  pending_ = folder_ / fmt::format(".partial-{}", getpid());
  make_folder(pending_);
}

PendingFolder::~PendingFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(pending_, ignored);
}

std::filesystem::path PendingFolder::subfolder(const std::string& name) const {
  make_folder(pending_ / name);
  return pending_ / name;
}

void PendingFolder::commit() {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(pending_)) {
    const auto target = folder_ / entry.path().lexically_relative(pending_);
    std::error_code error;
    if (entry.is_directory())
      std::filesystem::create_directories(target, error);
    else
      std::filesystem::rename(entry.path(), target, error);
    if (error)
      throw IoError(
          fmt::format("{}: cannot be put in place ({}); choose another --output", target.string(), error.message()));
  }
  std::filesystem::remove_all(pending_);
}

void require_free_space(const std::filesystem::path& folder, double bytes) {
  std::error_code error;
  const auto space = std::filesystem::space(folder, error);
  if (!error && static_cast<double>(space.available) < bytes)
    throw IoError(fmt::format("{}: {:.0f} MB are needed, {:.0f} MB are free; free space or choose another --output",
                              folder.string(), bytes / 1e6, static_cast<double>(space.available) / 1e6));
}

}  // namespace tessera
