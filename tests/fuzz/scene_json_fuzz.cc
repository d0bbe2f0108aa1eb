// SPDX-License-Identifier: GPL-3.0-or-later
// Packed scenes: what is taken has no faults, and can be written.
#include "tessera/simulate/scene.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace tessera;
  static const fuzz::InputFile file(".json");
  const auto& path = file.hold(data, bytes);
  fuzz::taken([&] {
    const Scene scene = read_scene(path);
    Faults faults;
    add_scene_faults(scene, faults);
    fuzz::require(faults.empty(), "no faults in what was taken");
    fuzz::require(scene.shape().count() > 0, "a box with voxels");
    const std::filesystem::path copy = path.string() + ".copy";
    write_scene(copy, scene);
    fuzz::require(read_scene(copy).bodies.size() == scene.bodies.size(), "as many bodies");
    unlink(copy.c_str());
  });
  return 0;
}
