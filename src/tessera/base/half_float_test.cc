// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/half_float.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tessera {
namespace {

// Every one of the 2^16 patterns comes back; between two neighbours the nearer one is taken, the even one in the
// middle.
TEST(HalfFloat, IsRoundedToNearest) {
  for (int bits = 0; bits < 0x7c00; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = float_from_half(half);
    EXPECT_EQ(half_from_float(value), half);
    EXPECT_EQ(half_from_float(-value), half | 0x8000);
    if (bits == 0x7bff) break;
    const float next = float_from_half(static_cast<uint16_t>(bits + 1)), middle = (value + next) / 2;
    EXPECT_EQ(half_from_float(std::nextafter(middle, value)), half);
    EXPECT_EQ(half_from_float(std::nextafter(middle, next)), half + 1);
    EXPECT_EQ(half_from_float(middle), bits % 2 == 0 ? half : half + 1);
  }
  EXPECT_EQ(half_from_float(1e6f), 0x7c00);
  EXPECT_TRUE(std::isnan(float_from_half(half_from_float(std::nanf("")))));
  EXPECT_EQ(float_from_half(0xfc00), -std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace tessera
