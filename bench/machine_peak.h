// SPDX-License-Identifier: GPL-3.0-or-later
// What one core of this machine can do at best, measured here and now: the yardstick of bench/kernels.
#pragma once

namespace tessera::bench {

struct MachinePeak {
  double flops_per_second = 0;  // fused multiply-adds on registers, single precision, each counted twice
  double bytes_per_second = 0;  // one core reading an array far larger than its caches
};

// About half a second.
MachinePeak measure_peak();

}  // namespace tessera::bench
