// SPDX-License-Identifier: GPL-3.0-or-later
// EM files (.em), as TOM, AV3, PyTom and Dynamo keep maps and motive lists in: a header of 512 bytes, then the voxels,
// x fastest (Hegerl 1996, "The EM program package: a platform for image processing in biological electron microscopy").
// Reads 1-, 2- and 4-byte integers, float32 and float64 in either byte order; writes float32, little-endian.
#pragma once

#include <cstdint>
#include <filesystem>

#include "tessera/volume/volume.h"

namespace tessera {

struct EmInfo {
  Shape3 shape;
  int data_type = 5;        // as in the file: 1, 2, 4 bytes of integer, 5 float32, 9 float64
  bool swapped = false;     // the file's byte order is not this machine's
  double voxel_size_A = 0;  // TOM's Objectpixelsize, which is kept in thousandths of a nm; 0: not stated
};

// The header alone, checked against the size of the file. IoError naming the file: missing, truncated, not an EM file,
// absurd dimensions, a data type that is not read (complex).
EmInfo read_em_info(const std::filesystem::path& path);

// The whole map; its voxel size is 1 where the file states none (info.voxel_size_A is 0). Nothing is allocated before
// the header is found consistent with the size of the file. IoError as read_em_info, and on NaN and infinite voxels.
Map read_em(const std::filesystem::path& path, EmInfo* info = nullptr);

// Atomic. The voxel size is kept to 0.01 Å; the origin is not.
void write_em(const std::filesystem::path& path, const Map& map);

}  // namespace tessera
