// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/npy.h"

#include <cstdio>
#include <cstring>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"

namespace tessera {

void write_npy(const std::filesystem::path& path, const FloatTable& table) {
  if (std::ssize(table.values) != table.rows * table.columns)
    throw InternalError(
        fmt::format("{} values for a table of {} × {}", table.values.size(), table.rows, table.columns));
  std::string header =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", table.rows, table.columns);
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  AtomicFile file(path);
  file.write(std::string_view("\x93NUMPY\x01\x00", 8));
  const auto length = static_cast<uint16_t>(header.size());
  const char bytes[2] = {static_cast<char>(length & 255), static_cast<char>(length >> 8)};
  file.write(bytes, 2);
  file << header;
  file.write(table.values.data(), table.values.size() * sizeof(float));
  file.commit();
}

FloatTable read_npy(const std::filesystem::path& path) {
  const std::string bytes = read_text_file(path);
  const auto refuse = [&](const char* why) { return IoError(fmt::format("{}: {}", path.string(), why)); };
  if (bytes.size() < 10 || std::memcmp(bytes.data(), "\x93NUMPY\x01", 7) != 0)
    throw refuse("not a .npy file of version 1");
  const size_t length =
      static_cast<unsigned char>(bytes[8]) + 256 * static_cast<size_t>(static_cast<unsigned char>(bytes[9]));
  if (bytes.size() < 10 + length) throw refuse("the file is truncated");
  const std::string header = bytes.substr(10, length);
  FloatTable table;
  const size_t shape = header.find("'shape': (");
  long long rows = 0, columns = 0;
  if (header.find("'<f4'") == std::string::npos || header.find("False") == std::string::npos ||
      shape == std::string::npos || std::sscanf(header.c_str() + shape + 10, "%lld, %lld)", &rows, &columns) != 2 ||
      rows < 0 || columns < 0)
    throw refuse("not a table of float32 in C order");
  const size_t left = bytes.size() - 10 - length;
  if (columns > 0 && static_cast<uint64_t>(rows) > left / 4 / static_cast<uint64_t>(columns))
    throw refuse("the file is truncated");
  table.rows = rows;
  table.columns = columns;
  table.values.resize(static_cast<size_t>(rows * columns));
  if (left != table.values.size() * 4) throw refuse("the file is longer than its table");
  if (left > 0) std::memcpy(table.values.data(), bytes.data() + 10 + length, left);
  return table;
}

}  // namespace tessera
