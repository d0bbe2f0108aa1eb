// SPDX-License-Identifier: GPL-3.0-or-later
// Model files and checkpoints of training. The input is a header and what follows; it is tried as it is and with the
// checksum set right, so that what lies behind the checksum is reached.
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tessera/nn/model.h"
#include "tessera/pipeline/training_checkpoint.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

constexpr size_t fixed_bytes = 24;

// The same file with the checksum of its payload; empty where there is no header to put it into.
std::string with_checksum(const std::string& bytes) {
  uint64_t header_bytes = 0;
  if (bytes.size() < fixed_bytes) return {};
  std::memcpy(&header_bytes, bytes.data() + 16, 8);
  if (header_bytes > bytes.size() - fixed_bytes) return {};
  const std::string payload = bytes.substr(fixed_bytes + header_bytes);
  auto header = nlohmann::ordered_json::parse(bytes.substr(fixed_bytes, header_bytes), nullptr, false);
  if (!header.is_object()) return {};
  uint64_t hash = 0xcbf29ce484222325ull;
  for (const char byte : payload) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ull;
  header["checksum"] = fmt::format("fnv1a64:{:016x}", hash);
  const std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const uint64_t size = text.size();
  return bytes.substr(0, 16) + std::string(reinterpret_cast<const char*>(&size), 8) + text + payload;
}

void read_all(const std::filesystem::path& path) {
  using namespace tessera;
  fuzz::taken([&] { read_model(path); });
  fuzz::taken([&] {
    const TensorFile file = read_tensor_file(path, "model");
    for (const NamedTensor& tensor : file.tensors)
      fuzz::require(std::ssize(tensor.values) == tensor.count(), "values for the whole shape");
  });
  fuzz::taken([&] { read_training_checkpoint(path, "identity"); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace tessera;
  static const fuzz::InputFile file(".tessera");
  read_all(file.hold(data, bytes));
  const std::string repaired = with_checksum({reinterpret_cast<const char*>(data), bytes});
  if (!repaired.empty()) read_all(file.hold(reinterpret_cast<const uint8_t*>(repaired.data()), repaired.size()));
  return 0;
}
