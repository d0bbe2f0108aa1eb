// SPDX-License-Identifier: GPL-3.0-or-later
// What the main functions of the science programs and benchmarks share.
#pragma once

#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace tessera::science {

// Runs with the words of the command line; its exit code, or 2 after printing why it failed.
template <typename Run>
int run_program(int argc, char** argv, Run&& run) {
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}

// Of all threads, in the program and in the system.
inline double processor_seconds(const rusage& usage) {
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace tessera::science
