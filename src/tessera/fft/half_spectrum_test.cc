// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/fft/half_spectrum.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

#include "tests/reference/fourier_sums.h"

namespace tessera {
namespace {

const Shape3 kShapes[] = {{1, 1, 1}, {1, 1, 2}, {1, 5, 6}, {3, 4, 5}, {4, 4, 4}, {5, 5, 5}, {2, 7, 6}, {6, 5, 1}};

TEST(HalfSpectrum, StoresEveryComponentOnceInOrder) {
  for (const Shape3 n : kShapes) {
    HalfSpectrum half(n);
    EXPECT_EQ(half.real_shape(), n);
    EXPECT_EQ(half.size(), n.z * n.y * (n.x / 2 + 1));
    int64_t next = 0;
    for (int64_t z = 0; z < n.z; ++z)
      for (int64_t y = 0; y < n.y; ++y)
        for (int64_t x = 0; x <= n.x / 2; ++x, ++next) {
          EXPECT_EQ(half.index(z, y, x), next);
          EXPECT_EQ(&half(z, y, x), half.data() + next);
          EXPECT_EQ(half(z, y, x), std::complex<float>(0));
        }
    EXPECT_EQ(next, half.size());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(half.data()) % 64, 0u);
  }
}

// Every component of the whole spectrum is stored, or its mirror image is: multiplicity counts which.
TEST(HalfSpectrum, MultiplicityCountsTheMirroredHalf) {
  for (const Shape3 n : kShapes) {
    const HalfSpectrum half(n);
    int64_t total = 0;
    for (int64_t z = 0; z < n.z; ++z)
      for (int64_t y = 0; y < n.y; ++y)
        for (int64_t x = 0; x <= n.x / 2; ++x) {
          const bool mirror_stored = (n.x - x) % n.x <= n.x / 2;
          EXPECT_EQ(half.multiplicity(x), mirror_stored ? 1 : 2) << n.x << " " << x;
          total += half.multiplicity(x);
        }
    EXPECT_EQ(total, n.count());
  }
}

TEST(Frequencies, SignedOnesAreTheSmallestAndComeBack) {
  for (int64_t n = 1; n <= 17; ++n) {
    std::set<int64_t> seen;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t k = signed_frequency(i, n);
      EXPECT_EQ(k, reference::frequency(i, n));
      EXPECT_LE(2 * std::abs(k), n);
      EXPECT_EQ(((k - i) % n + n) % n, 0);
      EXPECT_EQ(wrapped_index(k, n), i);
      seen.insert(k);
    }
    EXPECT_EQ(static_cast<int64_t>(seen.size()), n);
  }
  EXPECT_EQ(signed_frequency(4, 8), 4);  // the Nyquist frequency of an even axis is positive
  EXPECT_EQ(wrapped_index(-4, 8), 4);    // and is its own mirror image
}

}  // namespace
}  // namespace tessera
