// SPDX-License-Identifier: GPL-3.0-or-later
// MRC2014 maps (Cheng et al. 2015, "MRC2014: extensions to the MRC format header for electron cryo-microscopy").
// Reads modes 0 (int8), 1 (int16), 2 (float32), 6 (uint16), 12 (float16), either byte order, any MAPC/MAPR/MAPS
// order, extended headers, plain or gzip (.mrc.gz). Writes mode 2, little-endian.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/volume/volume.h"

namespace tessera {

// What a header says, in Tessera's order.
struct MrcInfo {
  Shape3 shape;             // of the volume as read_mrc returns it: axes already permuted to (z, y, x)
  double voxel_size_A = 1;  // 1 where the file has none: see `note`
  bool has_voxel_size = false;
  Vec3 origin_A;                        // ORIGIN, or NSTART × voxel size where ORIGIN is zero
  int mode = 2;                         // as in the file
  bool is_stack = false;                // images (or volumes) piled up along z rather than one volume
  bool swapped = false;                 // the file's byte order is not this machine's
  bool unsigned_bytes = false;          // mode 0 as IMOD wrote it before 2011
  std::array<int, 3> axes = {1, 2, 3};  // MAPC, MAPR, MAPS: which of x, y, z the columns, rows, sections are
  int64_t data_offset = 1024;           // bytes: header and extended header
  std::vector<std::string> labels;      // without trailing blanks
  std::string note;                     // empty, or what the user should know, in one sentence
};

enum class NotFinite { refuse, keep };

struct MrcReadOptions {
  NotFinite not_finite = NotFinite::refuse;  // what to do with NaN and infinite voxels
  bool accept_stack = false;                 // tilt series: z counts the images
};

// Whether a file name is that of a map: .mrc, .map, .ccp4 or .rec, plain or .gz.
bool named_as_map(std::filesystem::path name);

// The 1024 header bytes alone, checked against the size of the file: about 20 µs. IoError as read_mrc.
MrcInfo read_mrc_info(const std::filesystem::path& path);

// The whole map as float32. Nothing is allocated before the header is found consistent with the size of the file.
// IoError: missing, truncated, not an MRC file, absurd dimensions, unsupported mode, voxels that are not cubes (by
// more than 1 %), a stack, not-finite voxels; each with what was expected and found. `info`, if given, gets the header.
Map read_mrc(const std::filesystem::path& path, const MrcReadOptions& options = {}, MrcInfo* info = nullptr);

// Throws IoError counting the NaN and infinite voxels of `map` and naming the first as (x, y, z).
void require_finite(const Map& map, const std::filesystem::path& path);

struct MrcWriteOptions {
  std::string label;      // put after "Tessera" in the first label; cut at 80 bytes
  bool is_stack = false;  // ISPG 0 and MZ 1: a pile of images along z
};

// Atomic (see atomic_file.h). Fills DMIN, DMAX, DMEAN, RMS, CELLA, ORIGIN. Missing folders are not made.
void write_mrc(const std::filesystem::path& path, const Map& map, const MrcWriteOptions& options = {});

}  // namespace tessera
