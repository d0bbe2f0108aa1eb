// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/machine_peak.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <vector>

namespace tessera::bench {
namespace {

using Float8 = float __attribute__((vector_size(32)));

constexpr int chains = 12;  // enough independent sums to hide the latency of a multiply-add

double core_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// The best of several rounds: what disturbs a round only slows it.
template <typename Work>
double fastest(Work&& work) {
  double best = 1e300;
  for (int round = 0; round < 12; ++round) {
    const double start = core_seconds();
    work();
    best = std::min(best, core_seconds() - start);
  }
  return best;
}

double multiply_adds_per_second() {
  constexpr int64_t steps = 4'000'000;
  Float8 sum[chains] = {};
  Float8 factor = Float8{} + 0.999f, addend = Float8{} + 1e-3f;
  benchmark::DoNotOptimize(factor);
  benchmark::DoNotOptimize(addend);
  const double seconds = fastest([&] {
    for (int64_t i = 0; i < steps; ++i)
#pragma GCC unroll 12
      for (int c = 0; c < chains; ++c) sum[c] = sum[c] * factor + addend;
    for (Float8& s : sum) benchmark::DoNotOptimize(s);
  });
  return static_cast<double>(steps) * chains * 8 / seconds;
}

double bytes_read_per_second() {
  const std::vector<float> array(size_t{1} << 26, 1.0f);  // 256 MiB
  const double seconds = fastest([&] {
    Float8 sum[chains] = {};
    for (size_t i = 0; i + 8 * chains <= array.size(); i += 8 * chains)
#pragma GCC unroll 12
      for (int c = 0; c < chains; ++c) {
        Float8 value;
        __builtin_memcpy(&value, &array[i + 8 * c], sizeof value);
        sum[c] += value;
      }
    for (Float8& s : sum) benchmark::DoNotOptimize(s);
  });
  return static_cast<double>(array.size() * sizeof(float)) / seconds;
}

}  // namespace

MachinePeak measure_peak() {
  return {2 * multiply_adds_per_second(), bytes_read_per_second()};
}

}  // namespace tessera::bench
