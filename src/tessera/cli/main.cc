// SPDX-License-Identifier: GPL-3.0-or-later
// Tessera, the program.
#include <cstdio>
#include <cstdlib>

#include "tessera/cli/program.h"

namespace {

#ifdef TESSERA_NEEDS_X86_64_V3
// Before every other initialiser: this file alone is compiled for any x86-64, the rest may not run here at all.
__attribute__((constructor(101))) void check_processor() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return;
  std::fputs(
      "tessera: this program was built for processors with AVX2, FMA and BMI2, which this one lacks;\n"
      "build it here with: cmake -DTESSERA_ARCH=native (see README.md)\n",
      stderr);
  std::_Exit(2);
}
#endif

}  // namespace

int main(int argc, char** argv) {
  return tessera::run_program(tessera::all_verbs(), argc, argv);
}
