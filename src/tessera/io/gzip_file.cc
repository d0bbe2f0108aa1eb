// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/gzip_file.h"

#include <zlib.h>

#include <cerrno>
#include <memory>
#include <new>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"

namespace tessera {

std::string read_gzip_file(const std::filesystem::path& path, size_t limit_bytes) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), &gzclose);
  if (!file) throw IoError(fmt::format("cannot read '{}': {}", path.string(), remedy_for(errno)));
  std::string out;
  std::vector<char> buffer(size_t{1} << 20);
  int got = 0;
  while ((got = gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()))) > 0) {
    out.append(buffer.data(), static_cast<size_t>(got));
    if (out.size() > limit_bytes)
      throw IoError(
          fmt::format("{}: more than {} bytes unpacked; is it what it should be?", path.string(), limit_bytes));
  }
  int status = Z_OK;
  const char* text = gzerror(file.get(), &status);
  if (status == Z_MEM_ERROR) throw std::bad_alloc();
  if (got < 0 || (status != Z_OK && status != Z_STREAM_END))
    throw IoError(fmt::format("{}: broken gzip ({}); get the file again", path.string(), text));
  return out;
}

}  // namespace tessera
