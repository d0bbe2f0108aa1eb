// SPDX-License-Identifier: GPL-3.0-or-later
// The 1024 header bytes of an MRC file, in the file's own order of axes. Used by mrc.cc; see mrc.h for the format.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tessera/io/mrc.h"

namespace tessera {

inline constexpr size_t mrc_header_bytes = 1024;

// Bytes of one voxel in a mode that read_mrc takes; 0 for any other.
int64_t mrc_voxel_bytes(int mode);

struct MrcHeader {
  std::array<int32_t, 3> size{};      // NX, NY, NZ: columns, rows, sections
  std::array<int32_t, 3> start{};     // NSTART, as size
  std::array<int32_t, 3> sampling{};  // MX, MY, MZ along x, y, z
  std::array<float, 3> cell_A{};      // CELLA along x, y, z
  std::array<int, 3> axes{};          // MAPC, MAPR, MAPS
  std::array<float, 3> origin_A{};    // x, y, z
  int32_t mode = 2, space_group = 1, extended_bytes = 0;
  float minimum = 0, maximum = 0, mean = 0, rms = 0;
  bool swapped = false, unsigned_bytes = false;
  std::vector<std::string> labels;

  int64_t voxels() const { return int64_t{size[0]} * size[1] * size[2]; }
  // Position of the last voxel byte.
  int64_t file_bytes() const { return 1024 + int64_t{extended_bytes} + voxels() * mrc_voxel_bytes(mode); }
};

// Decodes and checks all that can be checked without the size of the file: byte order, dimensions of 1 to 65536 and
// at most 2^40 voxels, mode, axes, extended header. IoError naming `source`.
MrcHeader decode_mrc_header(std::span<const unsigned char, mrc_header_bytes> bytes, const std::string& source);

// Little-endian, MAP, NVERSION 20140.
std::array<unsigned char, mrc_header_bytes> encode_mrc_header(const MrcHeader& header);

// Tessera's view of a header: shape in (z, y, x), voxel size, origin, whether it is a stack. IoError naming `source`
// where voxels are not cubes.
MrcInfo interpret_mrc_header(const MrcHeader& header, const std::string& source);

}  // namespace tessera
