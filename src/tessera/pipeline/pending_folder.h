// SPDX-License-Identifier: GPL-3.0-or-later
// A set of files that appears in a folder only when all of them are complete.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tessera/pipeline/run_lock.h"

namespace tessera {

// Files are written under path(), a temporary folder inside `folder` (made if missing); commit() moves them to the same
// places under `folder`, replacing files of the same names. Without commit() the temporary folder is removed and
// `folder` stays as it was. The folder is locked (run_lock.h) all the while. IoError naming the folder and the remedy.
class PendingFolder {
 public:
  explicit PendingFolder(std::filesystem::path folder);
  ~PendingFolder();
  PendingFolder(const PendingFolder&) = delete;
  PendingFolder& operator=(const PendingFolder&) = delete;

  const std::filesystem::path& path() const { return pending_; }
  // A subfolder of path(), made if missing.
  std::filesystem::path subfolder(const std::string& name) const;
  void commit();

 private:
  std::filesystem::path folder_, pending_;
  std::unique_ptr<RunLock> lock_;
};

// IoError when the disk under `folder` has less than `bytes` free.
void require_free_space(const std::filesystem::path& folder, double bytes);

}  // namespace tessera
