// SPDX-License-Identifier: GPL-3.0-or-later
// EM maps and motive lists: shapes fit, and what is written reads back the same.
#include "tessera/io/em.h"

#include <algorithm>

#include "tessera/io/numbered_list.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace tessera;
  static const fuzz::InputFile file(".em");
  const auto& path = file.hold(data, bytes);
  const std::filesystem::path copy = path.string() + ".copy.em";
  fuzz::taken([&] {
    EmInfo info;
    const Map map = read_em(path, &info);
    fuzz::require(map.voxels.shape() == info.shape && read_em_info(path).shape == info.shape, "the shape");
    write_em(copy, map);
    const Map back = read_em(copy);
    fuzz::require(std::equal(map.voxels.begin(), map.voxels.end(), back.voxels.begin(), back.voxels.end()),
                  "the same voxels");
  });
  fuzz::taken([&] {
    const NumberedList list = read_motive_list(path);
    write_motive_list(copy, list);
    fuzz::require(read_motive_list(copy).particles.size() == list.particles.size(), "as many particles");
  });
  unlink(copy.c_str());
  return 0;
}
