// SPDX-License-Identifier: GPL-3.0-or-later
// Checkpoints of averaging: what is taken can be written and is taken again.
#include "tessera/pipeline/checkpoint.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace tessera;
  static const fuzz::InputFile file(".cbor");
  const auto& path = file.hold(data, bytes);
  fuzz::taken([&] {
    const auto checkpoint = read_checkpoint(path, "identity");
    const std::filesystem::path copy = path.string() + ".copy";
    write_checkpoint(copy, *checkpoint);
    const auto again = read_checkpoint(copy, "identity");
    unlink(copy.c_str());
    fuzz::require(again->state.assignments.size() == checkpoint->state.assignments.size(), "as many particles");
  });
  return 0;
}
