// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>

namespace tessera {

// Seconds by the clock.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  // Since it was made or since the last lap.
  double lap() {
    const double out = seconds();
    start_ = Clock::now();
    return out;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace tessera
