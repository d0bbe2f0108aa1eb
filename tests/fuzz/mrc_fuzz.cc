// SPDX-License-Identifier: GPL-3.0-or-later
// Maps: whatever is taken has the shape its header says, and a window of it reads the same voxels.
#include <cstring>

#include "tessera/io/mrc.h"
#include "tessera/io/mrc_window.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace tessera;
  static const fuzz::InputFile file(".mrc");
  const auto& path = file.hold(data, bytes);
  fuzz::taken([&] { read_mrc_info(path); });
  Map map;
  MrcInfo info;
  const bool whole =
      fuzz::taken([&] { map = read_mrc(path, {.not_finite = NotFinite::keep, .accept_stack = true}, &info); });
  if (whole) fuzz::require(map.voxels.shape() == info.shape && !map.voxels.empty(), "the shape of the header");
  fuzz::taken([&] {
    const MrcWindows window(path);
    const Shape3 shape = window.info().shape;
    const Volume<float> last = window.read(shape.z - 1, shape.y - 1, shape.x - 1, {1, 1, 1});
    if (whole)
      fuzz::require(std::memcmp(&last[0], &map.voxels[map.voxels.size() - 1], sizeof(float)) == 0, "the last voxel");
  });
  return 0;
}
