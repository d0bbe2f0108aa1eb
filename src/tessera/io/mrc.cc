// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/mrc.h"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/mrc_header.h"
#include "tessera/io/mrc_voxels.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

// Bytes of a plain or gzip file in order. zlib passes plain files through at the speed of read().
class Source {
 public:
  explicit Source(const std::filesystem::path& path) : name_(path.string()), file_(nullptr, &gzclose) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) fail(errno);
    if (S_ISDIR(status.st_mode)) fail(EISDIR);
    bytes_ = status.st_size;
    errno = 0;
    file_.reset(::gzopen(path.c_str(), "rb"));
    if (!file_) fail(errno);
    ::gzbuffer(file_.get(), 1 << 17);
  }

  // Returns how many bytes were there, up to `bytes`.
  size_t read(void* out, size_t bytes) {
    size_t done = 0;
    while (done < bytes) {
      const size_t step = std::min(bytes - done, size_t{1} << 30);
      const int got = ::gzread(file_.get(), static_cast<char*>(out) + done, static_cast<unsigned>(step));
      if (got < 0) {
        int code = 0;
        const char* text = ::gzerror(file_.get(), &code);
        if (code == Z_ERRNO) fail(errno);
        if (code == Z_MEM_ERROR) throw std::bad_alloc();
        throw IoError(fmt::format("'{}': broken gzip data ({}); get the file again", name_, text));
      }
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  // To be called after the last byte that is wanted: the length and checksum that end gzip data are verified.
  void finish() {
    if (!compressed()) return;
    std::array<char, 4096> rest;
    while (read(rest.data(), rest.size()) == rest.size()) {
    }
    int code = Z_OK;
    ::gzerror(file_.get(), &code);
    if (code != Z_OK && code != Z_STREAM_END)
      throw IoError(fmt::format("'{}' is truncated: its gzip data end early; copy the file again", name_));
  }

  bool compressed() { return ::gzdirect(file_.get()) == 0; }
  int64_t file_bytes() const { return bytes_; }
  const std::string& name() const { return name_; }

 private:
  [[noreturn]] void fail(int error) const {
    throw IoError(fmt::format("cannot read '{}': {}; {}", name_, std::strerror(error), remedy_for(error)));
  }
  std::string name_;
  int64_t bytes_ = 0;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

MrcHeader read_header(Source& source) {
  std::array<unsigned char, mrc_header_bytes> bytes{};
  const size_t got = source.read(bytes.data(), bytes.size());
  if (got < bytes.size()) {
    throw IoError(fmt::format("'{}': {} bytes are too few for an MRC header of {}; {}", source.name(), got,
                              bytes.size(), got == 0 ? "the file is empty: make it again" : "is this an MRC file?"));
  }
  MrcHeader header = decode_mrc_header(bytes, source.name());
  const int64_t needed = header.file_bytes();
  const auto [nx, ny, nz] = header.size;
  // Deflate packs at most 1032 to 1, so even a compressed file bounds what it can hold.
  const bool compressed = source.compressed();
  const bool short_file = compressed ? needed / 1032 > source.file_bytes() : needed > source.file_bytes();
  if (short_file) {
    throw IoError(fmt::format(
        "'{}' is truncated: {} × {} × {} voxels of mode {} need {} bytes, the file has {}{}; copy it again",
        source.name(), nx, ny, nz, header.mode, needed, source.file_bytes(), compressed ? " (compressed)" : ""));
  }
  return header;
}

MrcInfo interpret(const MrcHeader& header, Source& source) {
  MrcInfo info = interpret_mrc_header(header, source.name());
  const int64_t spare = source.file_bytes() - header.file_bytes();
  if (!source.compressed() && spare > 0 && info.note.empty()) {
    info.note = fmt::format("{} bytes after the last voxel are left out", spare);
  }
  return info;
}

// Voxels in the order of the file: sections, rows, columns.
Volume<float> read_voxels(const MrcHeader& header, Source& source) {
  Volume<float> voxels({header.size[2], header.size[1], header.size[0]});
  const int64_t voxel_bytes = mrc_voxel_bytes(header.mode), chunk = int64_t{1} << 18;
  std::vector<unsigned char> buffer(static_cast<size_t>(std::min(chunk, voxels.size()) * voxel_bytes));
  for (int64_t first = 0; first < voxels.size(); first += chunk) {
    const int64_t count = std::min(chunk, voxels.size() - first);
    const size_t wanted = static_cast<size_t>(count * voxel_bytes), got = source.read(buffer.data(), wanted);
    if (got < wanted) {
      throw IoError(fmt::format("'{}' is truncated: {} of {} voxels are there; copy the file again", source.name(),
                                first + static_cast<int64_t>(got) / voxel_bytes, voxels.size()));
    }
    decode_mrc_voxels(header.mode, header.swapped, header.unsigned_bytes, buffer.data(), count, voxels.data() + first);
  }
  source.finish();
  return voxels;
}

// Turns (sections, rows, columns) into (z, y, x).
Volume<float> permute(Volume<float> in, const std::array<int, 3>& axes, Shape3 shape) {
  if (axes == std::array<int, 3>{1, 2, 3}) return in;
  Volume<float> out(shape);
  std::array<int64_t, 4> at{};  // at[1], at[2], at[3]: x, y, z
  for (int64_t section = 0; section < in.shape().z; ++section)
    for (int64_t row = 0; row < in.shape().y; ++row)
      for (int64_t column = 0; column < in.shape().x; ++column) {
        at[axes[0]] = column;
        at[axes[1]] = row;
        at[axes[2]] = section;
        out(at[3], at[2], at[1]) = in(section, row, column);
      }
  return out;
}

void skip(Source& source, int64_t bytes) {
  std::array<char, 4096> sink;
  while (bytes > 0) {
    const size_t got = source.read(sink.data(), static_cast<size_t>(std::min<int64_t>(bytes, sink.size())));
    if (got == 0)
      throw IoError(fmt::format("'{}' ends within its extended header; copy the file again", source.name()));
    bytes -= static_cast<int64_t>(got);
  }
}

}  // namespace

bool named_as_map(std::filesystem::path name) {
  if (name.extension() == ".gz") name = name.stem();
  const std::string extension = name.extension().string();
  return extension == ".mrc" || extension == ".map" || extension == ".ccp4" || extension == ".rec";
}

MrcInfo read_mrc_info(const std::filesystem::path& path) {
  Source source(path);
  const MrcHeader header = read_header(source);
  return interpret(header, source);
}

Map read_mrc(const std::filesystem::path& path, const MrcReadOptions& options, MrcInfo* info_out) {
  Source source(path);
  const MrcHeader header = read_header(source);
  const MrcInfo info = interpret(header, source);
  if (info.is_stack && !options.accept_stack) {
    throw IoError(fmt::format(
        "'{}' is a stack of {} {}, where one volume is expected (ISPG {}, MZ {}); give a volume, or if it is one set "
        "ISPG to 1 and MZ to {} in its header",
        path.string(), header.space_group == 0 ? info.shape.z : info.shape.z / header.sampling[2],
        header.space_group == 0 ? "images" : "volumes", header.space_group, header.sampling[2], info.shape.z));
  }
  skip(source, header.extended_bytes);
  Map map;
  map.voxels = permute(read_voxels(header, source), info.axes, info.shape);
  map.voxel_size_A = info.voxel_size_A;
  map.origin_A = info.origin_A;
  if (options.not_finite == NotFinite::refuse) require_finite(map, path);
  if (info_out) *info_out = info;
  return map;
}

void require_finite(const Map& map, const std::filesystem::path& path) {
  int64_t count = 0, first = -1;
  for (int64_t i = 0; i < map.voxels.size(); ++i) {
    if (std::isfinite(map.voxels[i])) continue;
    if (count++ == 0) first = i;
  }
  if (count == 0) return;
  const Shape3 shape = map.voxels.shape();
  throw IoError(
      fmt::format("'{}': {} of {} voxels are NaN or infinite, the first at (x, y, z) = ({}, {}, {}); make the map "
                  "again, or replace "
                  "them (e.g. by the mean)",
                  path.string(), count, map.voxels.size(), first % shape.x, first / shape.x % shape.y,
                  first / (shape.x * shape.y)));
}

void write_mrc(const std::filesystem::path& path, const Map& map, const MrcWriteOptions& options) {
  const Shape3 shape = map.voxels.shape();
  const int64_t limit = std::numeric_limits<int32_t>::max();
  if (map.voxels.empty() || shape.x > limit || shape.y > limit || shape.z > limit) {
    throw IoError(fmt::format("cannot write '{}': a map of {} × {} × {} voxels does not fit the format", path.string(),
                              shape.x, shape.y, shape.z));
  }
  const auto narrow = [](int64_t n) { return static_cast<int32_t>(n); };
  const auto real = [](double value) { return static_cast<float>(value); };
  MrcHeader header;
  header.size = {narrow(shape.x), narrow(shape.y), narrow(shape.z)};
  header.sampling = {header.size[0], header.size[1], options.is_stack ? 1 : header.size[2]};
  for (size_t i = 0; i < 3; ++i) header.cell_A[i] = real(header.sampling[i] * map.voxel_size_A);
  header.axes = {1, 2, 3};
  header.origin_A = {real(map.origin_A.x), real(map.origin_A.y), real(map.origin_A.z)};
  header.space_group = options.is_stack ? 0 : 1;
  const Statistics summary = statistics(map.voxels);
  header.minimum = summary.minimum;
  header.maximum = summary.maximum;
  header.mean = real(summary.mean);
  header.rms = real(std::sqrt(summary.variance));
  header.labels = {options.label.empty() ? "Tessera" : "Tessera " + options.label};
  const auto bytes = encode_mrc_header(header);
  AtomicFile file(path);
  file.write(bytes.data(), bytes.size());
  file.write(map.voxels.data(), static_cast<size_t>(map.voxels.size()) * sizeof(float));
  file.commit();
}

}  // namespace tessera
