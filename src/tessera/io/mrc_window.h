// SPDX-License-Identifier: GPL-3.0-or-later
// Parts of a volume too large to be read whole.
#pragma once

#include <filesystem>
#include <memory>

#include "tessera/io/mrc.h"

namespace tessera {

// An MRC volume opened to read boxes of it. Of a plain file with axes in the usual order only the rows asked for are
// read; a compressed one, or one with permuted axes, is read whole when opened and kept. Immutable, thread-safe.
class MrcWindows {
 public:
  // IoError as read_mrc; stacks are refused. Voxels are not looked at: they may be NaN or infinite.
  explicit MrcWindows(const std::filesystem::path& path);
  ~MrcWindows();
  MrcWindows(const MrcWindows&) = delete;
  MrcWindows& operator=(const MrcWindows&) = delete;

  const MrcInfo& info() const { return info_; }
  Shape3 shape() const { return info_.shape; }
  bool in_memory() const { return !whole_.empty(); }

  // The voxels from (z, y, x) on, of this shape. InternalError unless they all lie in the volume; IoError when the file
  // cannot be read any more. Cost: one read for every row.
  Volume<float> read(int64_t z, int64_t y, int64_t x, Shape3 shape) const;

 private:
  std::filesystem::path path_;
  MrcInfo info_;
  int descriptor_ = -1;
  Volume<float> whole_;
};

}  // namespace tessera
