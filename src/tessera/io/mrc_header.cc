// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/mrc_header.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

static_assert(std::endian::native == std::endian::little, "MRC reading and writing assume a little-endian machine");

constexpr int32_t largest_dimension = 65536;
constexpr int64_t most_voxels = int64_t{1} << 40;
constexpr int32_t imod_stamp = 1146047817;

// Byte offsets of MRC2014; words are numbered from 1 in the standard, so offset = 4 (word − 1).
enum Offset : size_t {
  at_size = 0,
  at_mode = 12,
  at_start = 16,
  at_sampling = 28,
  at_cell = 40,
  at_angles = 52,
  at_axes = 64,
  at_density = 76,
  at_space_group = 88,
  at_extended_bytes = 92,
  at_version = 108,
  at_imod_stamp = 152,
  at_imod_flags = 156,
  at_origin = 196,
  at_map = 208,
  at_machine = 212,
  at_rms = 216,
  at_label_count = 220,
  at_labels = 224
};
constexpr size_t label_bytes = 80, label_limit = 10;

class Words {
 public:
  Words(const unsigned char* bytes, bool swapped) : bytes_(bytes), swapped_(swapped) {}
  uint32_t word(size_t offset) const {
    uint32_t value;
    std::memcpy(&value, bytes_ + offset, 4);
    return swapped_ ? __builtin_bswap32(value) : value;
  }
  int32_t integer(size_t offset) const { return static_cast<int32_t>(word(offset)); }
  float real(size_t offset) const { return std::bit_cast<float>(word(offset)); }
  template <typename T>
  std::array<T, 3> three(size_t offset) const {
    std::array<T, 3> out;
    for (size_t i = 0; i < 3; ++i) out[i] = std::bit_cast<T>(word(offset + 4 * i));
    return out;
  }

 private:
  const unsigned char* bytes_;
  bool swapped_;
};

bool plausible_size(const std::array<int32_t, 3>& size) {
  const bool each = std::all_of(size.begin(), size.end(), [](int32_t n) { return n >= 1 && n <= largest_dimension; });
  return each && int64_t{size[0]} * size[1] * size[2] <= most_voxels;
}

bool plausible_mode(const Words& words) {
  const int32_t mode = words.integer(at_mode);
  return (mode >= 0 && mode <= 16) || mode == 101;
}

// The machine stamp lies in some files, so dimensions and mode decide and the stamp only breaks a tie.
bool is_swapped(std::span<const unsigned char, mrc_header_bytes> bytes) {
  const Words native(bytes.data(), false), other(bytes.data(), true);
  const int native_score = plausible_size(native.three<int32_t>(at_size)) + plausible_mode(native);
  const int other_score = plausible_size(other.three<int32_t>(at_size)) + plausible_mode(other);
  if (native_score != other_score) return other_score > native_score;
  return bytes[at_machine] == 0x11;
}

std::string mode_name(int32_t mode) {
  switch (mode) {
    case 3:
      return "3 (complex int16)";
    case 4:
      return "4 (complex float32, a transform)";
    case 16:
      return "16 (RGB colour)";
    case 101:
      return "101 (4-bit)";
    default:
      return std::to_string(mode);
  }
}

void check(const MrcHeader& header, bool has_map_word, const std::string& source) {
  const auto [nx, ny, nz] = header.size;
  if (!plausible_size(header.size)) {
    throw IoError(fmt::format("'{}': header says {} × {} × {} voxels, which no map has; {}", source, nx, ny, nz,
                              has_map_word ? "the header is damaged: get the file again"
                                           : "this is not an MRC file (no 'MAP ' at byte 208): check the name"));
  }
  if (mrc_voxel_bytes(header.mode) == 0) {
    throw IoError(fmt::format(
        "'{}': voxel mode {} is not supported; convert to mode 2 (float32), e.g. with IMOD: newstack -mode 2 IN OUT",
        source, mode_name(header.mode)));
  }
  auto axes = header.axes;
  std::sort(axes.begin(), axes.end());
  if (axes != std::array<int, 3>{1, 2, 3}) {
    throw IoError(fmt::format("'{}': axis order MAPC, MAPR, MAPS = {}, {}, {} is no arrangement of 1, 2, 3; {}", source,
                              header.axes[0], header.axes[1], header.axes[2],
                              "the header is damaged: set it to 1 2 3"));
  }
  if (header.extended_bytes < 0) {
    throw IoError(fmt::format("'{}': extended header of {} bytes (NSYMBT); the header is damaged: set NSYMBT to 0",
                              source, header.extended_bytes));
  }
}

std::vector<std::string> decode_labels(std::span<const unsigned char, mrc_header_bytes> bytes, int32_t count) {
  std::vector<std::string> labels;
  for (int32_t i = 0; i < std::clamp(count, 0, static_cast<int32_t>(label_limit)); ++i) {
    std::string label(reinterpret_cast<const char*>(bytes.data()) + at_labels + label_bytes * i, label_bytes);
    label.resize(label.find_last_not_of(std::string_view(" \0", 2)) + 1);
    if (!label.empty()) labels.push_back(label);
  }
  return labels;
}

// Which file axis (0 columns, 1 rows, 2 sections) runs along `direction` (1 x, 2 y, 3 z).
size_t file_axis(const std::array<int, 3>& axes, int direction) {
  return std::find(axes.begin(), axes.end(), direction) - axes.begin();
}

void interpret_voxel_size(const MrcHeader& header, const std::string& source, MrcInfo& info) {
  std::array<double, 3> size_A{};
  for (size_t i = 0; i < 3; ++i) {
    const double value = header.sampling[i] > 0 ? header.cell_A[i] / header.sampling[i] : 0;
    size_A[i] = std::isfinite(value) && value > 0 ? value : 0;
  }
  info.has_voxel_size = size_A[0] > 0;
  if (!info.has_voxel_size) {
    info.note = "the header states no voxel size (CELLA or MX is zero), so 1 Å is taken";
    return;
  }
  info.voxel_size_A = size_A[0];
  const size_t compared = info.is_stack ? 2 : 3;
  for (size_t i = 1; i < compared; ++i) {
    if (size_A[i] == 0) {
      info.note =
          fmt::format("the header states a voxel size along x only, so {:.4g} Å is taken for all axes", size_A[0]);
    } else if (std::abs(size_A[i] / size_A[0] - 1) > 0.01) {
      throw IoError(fmt::format(
          "'{}': voxels of {:.4g} × {:.4g} × {:.4g} Å are not cubes; resample the map to one voxel size, or correct "
          "CELLA and MX, MY, MZ in the header",
          source, size_A[0], size_A[1], size_A[2]));
    }
  }
}

}  // namespace

int64_t mrc_voxel_bytes(int mode) {
  switch (mode) {
    case 0:
      return 1;
    case 1:
    case 6:
    case 12:
      return 2;
    case 2:
      return 4;
    default:
      return 0;
  }
}

MrcHeader decode_mrc_header(std::span<const unsigned char, mrc_header_bytes> bytes, const std::string& source) {
  MrcHeader header;
  header.swapped = is_swapped(bytes);
  const Words words(bytes.data(), header.swapped);
  header.size = words.three<int32_t>(at_size);
  header.mode = words.integer(at_mode);
  header.start = words.three<int32_t>(at_start);
  header.sampling = words.three<int32_t>(at_sampling);
  header.cell_A = words.three<float>(at_cell);
  header.axes = words.three<int32_t>(at_axes);
  if (header.axes == std::array<int, 3>{0, 0, 0}) header.axes = {1, 2, 3};  // some old programs leave them empty
  header.minimum = words.real(at_density);
  header.maximum = words.real(at_density + 4);
  header.mean = words.real(at_density + 8);
  header.rms = words.real(at_rms);
  header.space_group = words.integer(at_space_group);
  header.extended_bytes = words.integer(at_extended_bytes);
  header.origin_A = words.three<float>(at_origin);
  // IMOD's bytes are unsigned unless the first flag says otherwise; MRC2014's are signed.
  header.unsigned_bytes =
      header.mode == 0 && words.integer(at_imod_stamp) == imod_stamp && (words.integer(at_imod_flags) & 1) == 0;
  header.labels = decode_labels(bytes, words.integer(at_label_count));
  check(header, std::memcmp(bytes.data() + at_map, "MAP", 3) == 0, source);
  return header;
}

std::array<unsigned char, mrc_header_bytes> encode_mrc_header(const MrcHeader& header) {
  std::array<unsigned char, mrc_header_bytes> bytes{};
  const auto put = [&](size_t offset, auto value) { std::memcpy(bytes.data() + offset, &value, sizeof value); };
  put(at_size, header.size);
  put(at_mode, header.mode);
  put(at_start, header.start);
  put(at_sampling, header.sampling);
  put(at_cell, header.cell_A);
  put(at_angles, std::array<float, 3>{90, 90, 90});
  put(at_axes, header.axes);
  put(at_density, std::array<float, 3>{header.minimum, header.maximum, header.mean});
  put(at_space_group, header.space_group);
  put(at_version, int32_t{20140});
  put(at_origin, header.origin_A);
  put(at_map, std::array<char, 4>{'M', 'A', 'P', ' '});
  put(at_machine, std::array<unsigned char, 4>{0x44, 0x44, 0, 0});
  put(at_rms, header.rms);
  const size_t count = std::min(header.labels.size(), label_limit);
  put(at_label_count, static_cast<int32_t>(count));
  std::memset(bytes.data() + at_labels, ' ', label_bytes * count);
  for (size_t i = 0; i < count; ++i) {
    const size_t length = std::min(header.labels[i].size(), label_bytes);
    std::memcpy(bytes.data() + at_labels + label_bytes * i, header.labels[i].data(), length);
  }
  return bytes;
}

MrcInfo interpret_mrc_header(const MrcHeader& header, const std::string& source) {
  MrcInfo info;
  const size_t x = file_axis(header.axes, 1), y = file_axis(header.axes, 2), z = file_axis(header.axes, 3);
  info.shape = {header.size[z], header.size[y], header.size[x]};
  info.mode = header.mode;
  info.swapped = header.swapped;
  info.unsigned_bytes = header.unsigned_bytes;
  info.axes = header.axes;
  info.data_offset = static_cast<int64_t>(mrc_header_bytes) + header.extended_bytes;
  info.labels = header.labels;
  // Space group 0 with one section a cell: images; 401 and above: volumes (a volume alone has one cell along z).
  const bool images = header.space_group == 0 && header.sampling[2] == 1 && info.shape.z > 1;
  const bool volumes = header.space_group >= 401 && header.sampling[2] > 0 && info.shape.z > header.sampling[2];
  info.is_stack = images || volumes;
  interpret_voxel_size(header, source, info);
  const auto finite = [](float value) { return std::isfinite(value) ? double{value} : 0.0; };
  info.origin_A = {finite(header.origin_A[0]), finite(header.origin_A[1]), finite(header.origin_A[2])};
  if (info.origin_A == Vec3{}) {
    info.origin_A = Vec3{double(header.start[x]), double(header.start[y]), double(header.start[z])} * info.voxel_size_A;
  }
  return info;
}

}  // namespace tessera
