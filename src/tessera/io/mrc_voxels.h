// SPDX-License-Identifier: GPL-3.0-or-later
// The voxels of an MRC file as they lie on the disk.
#pragma once

#include <cstdint>

namespace tessera {

// `count` voxels of a mode that read_mrc takes (mrc.h), in either byte order, as float32.
void decode_mrc_voxels(int mode, bool swapped, bool unsigned_bytes, const unsigned char* in, int64_t count, float* out);

}  // namespace tessera
