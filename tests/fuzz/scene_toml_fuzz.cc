// SPDX-License-Identifier: GPL-3.0-or-later
// Scene files of tessera pack.
#include "tessera/simulate/scene_file.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace tessera;
  static const fuzz::InputFile file(".toml");
  const auto& path = file.hold(data, bytes);
  fuzz::taken([&] { fuzz::require(read_scene_file(path).box_volume_A3() > 0, "a box"); });
  return 0;
}
