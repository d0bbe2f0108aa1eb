// SPDX-License-Identifier: GPL-3.0-or-later
// STAR documents: what is read can be written, and reads back the same.
#include "tessera/io/star.h"

#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace tessera;
  fuzz::taken([&] {
    const StarDocument document = parse_star({reinterpret_cast<const char*>(data), bytes}, "input");
    const std::string text = format_star(document);  // UserError where the format cannot hold it
    const StarDocument again = parse_star(text, "written");
    fuzz::require(again.tables.size() == document.tables.size(), "as many blocks");
    for (size_t i = 0; i < again.tables.size(); ++i)
      fuzz::require(
          again.tables[i].columns == document.tables[i].columns && again.tables[i].values == document.tables[i].values,
          "the same values");
  });
  return 0;
}
