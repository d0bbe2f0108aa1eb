// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/nn/tensor_file.h"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tessera/base/half_float.h"
#include "tessera/base/json_value.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/run_record.h"

namespace tessera {
namespace {

constexpr char magic[8] = {'T', 'E', 'S', 'S', 'N', 'E', 'T', '\0'};
constexpr uint32_t layout_version = 1;
constexpr size_t fixed_bytes = 24;

std::string fnv1a(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ull;
  return fmt::format("fnv1a64:{:016x}", hash);
}

template <typename T>
void append(std::string& out, T value) {
  static_assert(std::endian::native == std::endian::little);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <typename T>
T number_at(const std::string& bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string payload_of(const TensorFile& file, bool half) {
  std::string out;
  for (const NamedTensor& tensor : file.tensors) {
    if (std::ssize(tensor.values) != tensor.count())
      throw InternalError(
          fmt::format("tensor {}: {} values for a shape of {}", tensor.name, tensor.values.size(), tensor.count()));
    for (const float value : tensor.values) {
      if (!half) {
        append(out, value);
        continue;
      }
      if (std::abs(value) > 65504) throw InternalError(fmt::format("tensor {}: {} is no float16", tensor.name, value));
      append(out, half_from_float(value));
    }
  }
  return out;
}

// What the header says of one tensor, checked.
struct Entry {
  NamedTensor tensor;
  bool half = false;
};
std::vector<Entry> entries_of(const nlohmann::ordered_json& header, size_t payload_bytes) {
  std::vector<Entry> out;
  uint64_t total = 0;
  for (const auto& item : header.at("tensors")) {
    Entry& entry = out.emplace_back();
    entry.tensor.name = item.at("name").get<std::string>();
    for (const auto& edge : item.at("shape")) entry.tensor.shape.push_back(json_value<int64_t>(edge));
    const auto type = item.at("type").get<std::string>();
    if (type != "float16" && type != "float32") throw std::invalid_argument("unknown type " + type);
    entry.half = type == "float16";
    uint64_t bytes = entry.half ? 2 : 4;
    for (const int64_t edge : entry.tensor.shape) {
      if (edge < 0 || (edge > 0 && bytes > payload_bytes / static_cast<uint64_t>(edge)))
        throw std::invalid_argument("tensor " + entry.tensor.name + " is larger than the file");
      bytes *= static_cast<uint64_t>(edge);
    }
    total += bytes;
  }
  if (total != payload_bytes)
    throw std::invalid_argument(fmt::format("tensors of {} bytes, the file has {}", total, payload_bytes));
  return out;
}

void read_values(std::vector<Entry>& entries, std::string_view payload, const std::string& name) {
  size_t at = 0;
  for (Entry& entry : entries) {
    entry.tensor.values.resize(static_cast<size_t>(entry.tensor.count()));
    for (float& value : entry.tensor.values) {
      if (entry.half) {
        uint16_t half;
        std::memcpy(&half, payload.data() + at, 2);
        value = float_from_half(half);
        at += 2;
      } else {
        std::memcpy(&value, payload.data() + at, 4);
        at += 4;
      }
      if (!std::isfinite(value))
        throw IoError(fmt::format("{}: tensor {} holds NaN or infinity; train again", name, entry.tensor.name));
    }
  }
}

}  // namespace

const NamedTensor* TensorFile::find(const std::string& name) const {
  for (const NamedTensor& tensor : tensors)
    if (tensor.name == name) return &tensor;
  return nullptr;
}

void write_tensor_file(const std::filesystem::path& path, const TensorFile& file, bool half) {
  const std::string payload = payload_of(file, half);
  nlohmann::ordered_json header = {{"kind", file.kind}, {"program", "tessera " + tessera_version()}};
  header.update(file.header);
  header["tensors"] = nlohmann::ordered_json::array();
  for (const NamedTensor& tensor : file.tensors)
    header["tensors"].push_back(
        {{"name", tensor.name}, {"shape", tensor.shape}, {"type", half ? "float16" : "float32"}});
  header["checksum"] = fnv1a(payload);
  const std::string text = header.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  std::string start(magic, sizeof magic);
  append(start, layout_version);
  append(start, uint32_t{0});
  append(start, uint64_t{text.size()});
  AtomicFile out(path);
  out << start << text << payload;
  out.commit();
}

TensorFile read_tensor_file(const std::filesystem::path& path, const std::string& kind) {
  const std::string name = path.string(), bytes = read_text_file(path);
  const auto refuse = [&](const std::string& why) -> IoError { return IoError(fmt::format("{}: {}", name, why)); };
  if (bytes.size() < sizeof magic || std::memcmp(bytes.data(), magic, sizeof magic) != 0)
    throw refuse(fmt::format("not a {} of Tessera; give a file that `tessera train` wrote", kind));
  if (bytes.size() < fixed_bytes) throw refuse("the file is truncated; copy it again");
  if (const auto version = number_at<uint32_t>(bytes, 8); version != layout_version)
    throw refuse(
        fmt::format("layout version {}, this program ({}) reads version {}; use the Tessera that wrote it, or "
                    "train again",
                    version, tessera_version(), layout_version));
  const auto header_bytes = number_at<uint64_t>(bytes, 16);
  if (header_bytes > bytes.size() - fixed_bytes)
    throw refuse(fmt::format("the file is truncated: {} bytes, its header alone has {}; copy it again", bytes.size(),
                             header_bytes));
  TensorFile out;
  std::vector<Entry> entries;
  const std::string_view payload = std::string_view(bytes).substr(fixed_bytes + header_bytes);
  try {
    out.header = nlohmann::ordered_json::parse(std::string_view(bytes).substr(fixed_bytes, header_bytes));
    out.kind = out.header.at("kind").get<std::string>();
    if (out.kind == kind) entries = entries_of(out.header, payload.size());
    if (out.kind == kind && out.header.at("checksum") != fnv1a(payload))
      throw std::invalid_argument("the checksum differs from that of its values");
  } catch (const std::exception& error) {
    throw refuse(fmt::format("the file is truncated or damaged ({}); copy it again, or train again", error.what()));
  }
  if (out.kind != kind) throw refuse(fmt::format("a {}, where a {} is needed", out.kind, kind));
  read_values(entries, payload, name);
  for (Entry& entry : entries) out.tensors.push_back(std::move(entry.tensor));
  return out;
}

}  // namespace tessera
