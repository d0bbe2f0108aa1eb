// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/mrc_voxels.h"

#include <bit>
#include <cstring>

#include "tessera/base/half_float.h"

namespace tessera {
namespace {

uint16_t word16(const unsigned char* in, bool swapped) {
  uint16_t value;
  std::memcpy(&value, in, 2);
  return swapped ? __builtin_bswap16(value) : value;
}

}  // namespace

void decode_mrc_voxels(int mode, bool swapped, bool unsigned_bytes, const unsigned char* in, int64_t count,
                       float* out) {
  switch (mode) {
    case 0:
      for (int64_t i = 0; i < count; ++i)
        out[i] = unsigned_bytes ? static_cast<float>(in[i]) : static_cast<float>(static_cast<int8_t>(in[i]));
      break;
    case 1:
      for (int64_t i = 0; i < count; ++i)
        out[i] = static_cast<float>(static_cast<int16_t>(word16(in + 2 * i, swapped)));
      break;
    case 6:
      for (int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(word16(in + 2 * i, swapped));
      break;
    case 12:
      for (int64_t i = 0; i < count; ++i) out[i] = float_from_half(word16(in + 2 * i, swapped));
      break;
    default:
      for (int64_t i = 0; i < count; ++i) {
        uint32_t value;
        std::memcpy(&value, in + 4 * i, 4);
        out[i] = std::bit_cast<float>(swapped ? __builtin_bswap32(value) : value);
      }
  }
}

}  // namespace tessera
