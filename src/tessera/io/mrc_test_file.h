// SPDX-License-Identifier: GPL-3.0-or-later
// MRC files made byte by byte from the standard's table, independently of the writer, for the tests of the reader.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace tessera::test {

// Header words by their number in the standard (Cheng et al. 2015, Table 1), counted from 1.
struct MrcFile {
  int32_t nx = 4, ny = 3, nz = 2, mode = 2;
  std::array<int32_t, 3> start{}, sampling{4, 3, 2}, axes{1, 2, 3};
  std::array<float, 3> cell_A{4, 3, 2}, origin_A{};
  int32_t space_group = 1, extended_bytes = 0, label_count = 0;
  std::string map_word = "MAP ";
  std::array<unsigned char, 4> stamp{0x44, 0x44, 0, 0};
  bool big_endian = false, imod_unsigned = false;
  std::vector<std::string> labels = {};
  std::vector<double> voxels = {};  // file order; values as numbers of the mode, halves as their bit pattern

  std::string bytes() const {
    std::string out(1024, '\0');
    const auto word = [&](int number, auto value) { put(out, size_t(number - 1) * 4, value); };
    word(1, nx), word(2, ny), word(3, nz), word(4, mode);
    for (int i = 0; i < 3; ++i) {
      word(5 + i, start[i]), word(8 + i, sampling[i]), word(11 + i, cell_A[i]), word(14 + i, 90.0f);
      word(17 + i, axes[i]), word(50 + i, origin_A[i]);
    }
    word(23, space_group), word(24, extended_bytes), word(28, int32_t{20140});
    if (imod_unsigned) word(39, int32_t{1146047817}), word(40, int32_t{0});
    word(56, label_count ? label_count : static_cast<int32_t>(labels.size()));
    std::copy_n(map_word.begin(), 4, out.begin() + 208);
    std::copy_n(stamp.begin(), 4, out.begin() + 212);
    for (size_t i = 0; i < labels.size(); ++i)
      std::copy(labels[i].begin(), labels[i].end(), out.begin() + 224 + 80 * i);
    out.append(static_cast<size_t>(std::max(0, extended_bytes)), 'e');
    for (const double voxel : voxels) append_voxel(out, voxel);
    return out;
  }

 private:
  template <typename T>
  void put(std::string& out, size_t offset, T value) const {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    if (big_endian) std::reverse(raw, raw + sizeof(T));
    std::copy_n(raw, sizeof(T), out.begin() + static_cast<int64_t>(offset));
  }
  template <typename T>
  void append(std::string& out, double value) const {
    out.resize(out.size() + sizeof(T));
    put(out, out.size() - sizeof(T), static_cast<T>(value));
  }
  void append_voxel(std::string& out, double value) const {
    switch (mode) {
      case 0:
        return imod_unsigned ? append<uint8_t>(out, value) : append<int8_t>(out, value);
      case 1:
        return append<int16_t>(out, value);
      case 6:
      case 12:
        return append<uint16_t>(out, value);
      default:
        return append<float>(out, value);
    }
  }
};

// The same bytes through gzip.
inline void write_gzip(const std::filesystem::path& path, const std::string& bytes) {
  const gzFile file = gzopen(path.c_str(), "wb1");
  const bool whole =
      file && gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())) == static_cast<int>(bytes.size());
  if (!file || gzclose(file) != Z_OK || !whole) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace tessera::test
