// SPDX-License-Identifier: GPL-3.0-or-later
// Files that were compressed by gzip.
#pragma once

#include <filesystem>
#include <string>

namespace tessera {

// What the file holds, unpacked; of a file that is not compressed, its bytes. IoError: unreadable, damaged, or more
// than `limit_bytes` unpacked.
std::string read_gzip_file(const std::filesystem::path& path, size_t limit_bytes = size_t{1} << 30);

}  // namespace tessera
