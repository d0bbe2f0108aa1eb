// SPDX-License-Identifier: GPL-3.0-or-later
// A file of named arrays behind a JSON header: models and checkpoints of training. Nothing in it is ever executed.
//
//   bytes 0–7   "TESSNET" and a zero
//   8–11        version of this layout, 1 (all numbers little-endian)
//   12–15       zero
//   16–23       bytes of the header, H
//   24–…        header: JSON {"kind", "program", …, "tensors": [{"name", "shape", "type"}], "checksum"}
//   24+H–end    the arrays one after the other, C order, float32 or float16; their FNV-1a is the checksum
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tessera/nn/network.h"

namespace tessera {

struct TensorFile {
  std::string kind;  // "model" or "training checkpoint"
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  std::vector<NamedTensor> tensors;

  // The tensor of that name, or null.
  const NamedTensor* find(const std::string& name) const;
};

// Atomic. `half`: values are rounded to float16 (11 bits; beyond 65504: InternalError).
void write_tensor_file(const std::filesystem::path& path, const TensorFile& file, bool half = false);

// IoError, each with its own words: no such file; not a file of this kind (another program's, or another kind of ours);
// of a later version; truncated or longer than it says; a header that is not JSON or promises what is not there; a
// checksum that differs; values that are not finite. Nothing is allocated before sizes are found consistent.
TensorFile read_tensor_file(const std::filesystem::path& path, const std::string& kind);

}  // namespace tessera
