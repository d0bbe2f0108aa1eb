// SPDX-License-Identifier: GPL-3.0-or-later
// Counter-based random numbers: the stream of (seed, stage, item) is the same whatever thread or rank draws it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera {

// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
// Key = (seed, hash of the stage name); counter = (item, draw). Cost about 10 ns per 128 bits.
class Random {
 public:
  Random(uint64_t seed, std::string_view stage, uint64_t item = 0);

  uint32_t bits();
  double uniform();                         // [0, 1), 53 bits
  double uniform(double low, double high);  // [low, high)
  double normal();                          // mean 0, variance 1 (Box-Muller, both values used)
  uint64_t below(uint64_t bound);           // [0, bound), unbiased; InternalError when bound is 0
  uint64_t poisson(double mean);            // 0 when mean ≤ 0; InternalError when it is not finite

  // The raw block function, for tests against the published vectors.
  static std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

 private:
  std::array<uint32_t, 2> key_;
  uint64_t item_;
  uint64_t draw_ = 0;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
  double spare_ = 0;
  bool has_spare_ = false;
};

// A random order, every one as likely (Fisher–Yates).
template <typename T>
void shuffle(std::vector<T>& values, Random& random) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

}  // namespace tessera
