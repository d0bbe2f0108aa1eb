// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/mrc_window.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/mrc_header.h"
#include "tessera/io/mrc_voxels.h"

namespace tessera {
namespace {

bool is_gzip(int descriptor) {
  std::array<unsigned char, 2> magic{};
  return ::pread(descriptor, magic.data(), 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
}

}  // namespace

MrcWindows::MrcWindows(const std::filesystem::path& path) : path_(path), info_(read_mrc_info(path)) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) {
    const int cause = errno;
    throw IoError(fmt::format("cannot read '{}': {}; {}", path.string(), std::strerror(cause), remedy_for(cause)));
  }
  const bool usual = info_.axes == std::array<int, 3>{1, 2, 3};
  if (usual && !info_.is_stack && !is_gzip(descriptor_)) return;
  ::close(descriptor_);
  descriptor_ = -1;
  whole_ = read_mrc(path, {.not_finite = NotFinite::keep}).voxels;
}

MrcWindows::~MrcWindows() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Volume<float> MrcWindows::read(int64_t z0, int64_t y0, int64_t x0, Shape3 shape) const {
  const Shape3 n = info_.shape;
  if (z0 < 0 || y0 < 0 || x0 < 0 || z0 + shape.z > n.z || y0 + shape.y > n.y || x0 + shape.x > n.x)
    throw InternalError(fmt::format("window beyond the volume '{}'", path_.string()));
  Volume<float> out(shape);
  const int64_t voxel_bytes = mrc_voxel_bytes(info_.mode);
  std::vector<unsigned char> row(static_cast<size_t>(shape.x * voxel_bytes));
  for (int64_t z = 0; z < shape.z; ++z)
    for (int64_t y = 0; y < shape.y; ++y) {
      float* to = &out(z, y, 0);
      if (in_memory()) {
        const float* from = &whole_(z0 + z, y0 + y, x0);
        std::copy(from, from + shape.x, to);
        continue;
      }
      const int64_t at = info_.data_offset + (((z0 + z) * n.y + y0 + y) * n.x + x0) * voxel_bytes;
      for (size_t done = 0; done < row.size();) {
        const ssize_t got = ::pread(descriptor_, row.data() + done, row.size() - done, at + static_cast<int64_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
          throw IoError(fmt::format("cannot read '{}' at byte {}: {}; was it changed meanwhile?", path_.string(), at,
                                    got < 0 ? std::strerror(errno) : "the file ends"));
        done += static_cast<size_t>(got);
      }
      decode_mrc_voxels(info_.mode, info_.swapped, info_.unsigned_bytes, row.data(), shape.x, to);
    }
  return out;
}

}  // namespace tessera
