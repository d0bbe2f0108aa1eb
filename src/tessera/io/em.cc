// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/em.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <span>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/mrc.h"

namespace tessera {
namespace {

constexpr size_t header_bytes = 512;
constexpr size_t parameters_at = 96;  // 40 integers
constexpr size_t object_pixel_size_parameter = 6;
constexpr double stored_per_A = 100;  // thousandths of a nm
constexpr unsigned char machine_pc = 6, type_float = 5;
constexpr int64_t longest_edge = 65536, most_voxels = int64_t{1} << 40;

// Of machine codes 0 (OS-9), 1 (VAX), 2 (Convex), 3 (SGI), 4 (Sun), 5 (Mac) and 6 (PC).
bool little_endian(int machine) {
  return machine == 1 || machine == machine_pc;
}

int64_t voxel_bytes(int data_type) {
  switch (data_type) {
    case 1:
    case 2:
    case 4:
      return data_type;
    case 5:
      return 4;
    case 9:
      return 8;
    default:
      return 0;
  }
}

template <typename T>
T value_at(const unsigned char* bytes, bool swapped) {
  std::array<unsigned char, sizeof(T)> own{};
  for (size_t i = 0; i < sizeof(T); ++i) own[i] = bytes[swapped ? sizeof(T) - 1 - i : i];
  return std::bit_cast<T>(own);
}

EmInfo decode(std::span<const unsigned char, header_bytes> header, int64_t file_bytes, const std::string& name) {
  const int machine = header[0];
  EmInfo info;
  info.data_type = header[3];
  info.swapped = little_endian(machine) != (std::endian::native == std::endian::little);
  const auto edge = [&](size_t i) { return int64_t{value_at<int32_t>(header.data() + 4 + 4 * i, info.swapped)}; };
  info.shape = {edge(2), edge(1), edge(0)};
  const auto [nz, ny, nx] = info.shape;
  const auto sound = [](int64_t n) { return n >= 1 && n <= longest_edge; };
  // A motive list is 20 × particles × 1; no edge of a map is as long as that of a list may be.
  if (machine > 6 || !sound(nx) || ny < 1 || !sound(nz) || ny > most_voxels / nx / nz)
    throw IoError(
        fmt::format("'{}' is not an EM file: its header says machine {} and {} × {} × {} voxels; give a file of TOM, "
                    "PyTom or Dynamo",
                    name, machine, nx, ny, nz));
  const int64_t bytes = voxel_bytes(info.data_type);
  if (bytes == 0)
    throw IoError(fmt::format("'{}' is an EM file of type {}; 1, 2, 4 (integers), 5 (float) and 9 (double) are read",
                              name, info.data_type));
  const int64_t needed = static_cast<int64_t>(header_bytes) + info.shape.count() * bytes;
  if (needed > file_bytes)
    throw IoError(
        fmt::format("'{}' is truncated: {} × {} × {} voxels of type {} need {} bytes, the file has {}; "
                    "copy it again",
                    name, nx, ny, nz, info.data_type, needed, file_bytes));
  const auto stored = value_at<int32_t>(header.data() + parameters_at + 4 * object_pixel_size_parameter, info.swapped);
  if (stored > 0) info.voxel_size_A = stored / stored_per_A;
  return info;
}

// An open file behind its checked header.
struct Source {
  explicit Source(const std::filesystem::path& path) : file(path, std::ios::binary) {
    const std::string name = path.string();
    std::error_code error;
    const auto bytes = std::filesystem::file_size(path, error);
    if (!file || error)
      throw IoError(fmt::format("cannot read '{}': {}", name, error ? error.message() : "check its permissions"));
    std::array<unsigned char, header_bytes> header{};
    if (!file.read(reinterpret_cast<char*>(header.data()), header_bytes))
      throw IoError(fmt::format("'{}': {} bytes are too few for the header of an EM file, which has {}", name, bytes,
                                header_bytes));
    info = decode(header, static_cast<int64_t>(bytes), name);
  }
  std::ifstream file;
  EmInfo info;
};

void decode_voxels(const EmInfo& info, const unsigned char* in, int64_t count, float* out) {
  const auto convert = [&]<typename T>(T) {
    for (int64_t i = 0; i < count; ++i)
      out[i] = static_cast<float>(value_at<T>(in + i * static_cast<int64_t>(sizeof(T)), info.swapped));
  };
  switch (info.data_type) {
    case 1:
      return convert(int8_t{});
    case 2:
      return convert(int16_t{});
    case 4:
      return convert(int32_t{});
    case 9:
      return convert(double{});
    default:
      return convert(float{});
  }
}

template <typename T>
void put(std::array<unsigned char, header_bytes>& header, size_t at, T value) {
  const auto bytes = std::bit_cast<std::array<unsigned char, sizeof(T)>>(value);
  std::copy(bytes.begin(), bytes.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

EmInfo read_em_info(const std::filesystem::path& path) {
  return Source(path).info;
}

Map read_em(const std::filesystem::path& path, EmInfo* info_out) {
  Source source(path);
  Map map;
  map.voxels = Volume<float>(source.info.shape);
  if (source.info.voxel_size_A > 0) map.voxel_size_A = source.info.voxel_size_A;
  const int64_t bytes = voxel_bytes(source.info.data_type), chunk = int64_t{1} << 16;
  std::vector<unsigned char> buffer(static_cast<size_t>(std::min(chunk, map.voxels.size()) * bytes));
  for (int64_t first = 0; first < map.voxels.size(); first += chunk) {
    const int64_t count = std::min(chunk, map.voxels.size() - first);
    if (!source.file.read(reinterpret_cast<char*>(buffer.data()), count * bytes))
      throw IoError(fmt::format("'{}' ends within its voxels; copy the file again", path.string()));
    decode_voxels(source.info, buffer.data(), count, map.voxels.data() + first);
  }
  require_finite(map, path);
  if (info_out) *info_out = source.info;
  return map;
}

void write_em(const std::filesystem::path& path, const Map& map) {
  static_assert(std::endian::native == std::endian::little, "floats are written as they lie in memory");
  const Shape3 shape = map.voxels.shape();
  const int64_t limit = std::numeric_limits<int32_t>::max();
  if (map.voxels.empty() || shape.x > limit || shape.y > limit || shape.z > limit)
    throw IoError(fmt::format("cannot write '{}': a map of {} × {} × {} voxels does not fit the format", path.string(),
                              shape.x, shape.y, shape.z));
  std::array<unsigned char, header_bytes> header{};
  header[0] = machine_pc;
  header[3] = type_float;
  put(header, 4, static_cast<int32_t>(shape.x));
  put(header, 8, static_cast<int32_t>(shape.y));
  put(header, 12, static_cast<int32_t>(shape.z));
  put(header, parameters_at + 4 * object_pixel_size_parameter,
      static_cast<int32_t>(std::lround(std::min(map.voxel_size_A, 1e6) * stored_per_A)));
  AtomicFile file(path);
  file.write(header.data(), header.size());
  file.write(map.voxels.data(), static_cast<size_t>(map.voxels.size()) * sizeof(float));
  file.commit();
}

}  // namespace tessera
