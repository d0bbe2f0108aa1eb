// SPDX-License-Identifier: GPL-3.0-or-later
// Small readers: tables of features (.npy) and tilt angles (.tlt).
#include <cmath>

#include "tessera/io/mdoc.h"
#include "tessera/io/npy.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace tessera;
  static const fuzz::InputFile file(".npy");
  const auto& path = file.hold(data, bytes);
  fuzz::taken([&] {
    const FloatTable table = read_npy(path);
    fuzz::require(std::ssize(table.values) == table.rows * table.columns, "values for the whole table");
  });
  fuzz::taken([&] {
    for (const double angle : read_tilt_angles(path)) fuzz::require(std::abs(angle) <= 90, "an angle within ±90°");
  });
  return 0;
}
