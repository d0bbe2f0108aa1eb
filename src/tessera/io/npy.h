// SPDX-License-Identifier: GPL-3.0-or-later
// Tables of float32 as NumPy's .npy files (format version 1.0): what numpy.load reads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace tessera {

struct FloatTable {
  int64_t rows = 0, columns = 0;
  std::vector<float> values;  // row-major
};

// Atomic. InternalError when the values are not rows × columns.
void write_npy(const std::filesystem::path& path, const FloatTable& table);
// IoError: unreadable, not such a file (another type, order or number of dimensions), truncated.
FloatTable read_npy(const std::filesystem::path& path);

}  // namespace tessera
