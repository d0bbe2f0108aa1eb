// SPDX-License-Identifier: GPL-3.0-or-later
// A file that appears whole or not at all: written under a temporary name in the same folder, then renamed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace tessera {

// Writes are buffered (1 MiB). Nothing is seen under `path` before commit(); a destructor without commit() removes the
// temporary file and leaves an earlier file of that name as it was. One thread at a time. A link is followed; a device
// or pipe (/dev/stdout, /dev/null) is written as it is, never replaced.
// Every failure (no such folder, no permission, disk full) is an IoError naming the file, the cause and a remedy.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  AtomicFile& operator<<(std::string_view text) {
    write(text);
    return *this;
  }
  // Flushes to the disk (fsync), closes and renames over `path`. To be called once, last.
  void commit();

  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& temporary_path() const { return temporary_; }

 private:
  void flush();
  void discard();
  [[noreturn]] void fail(const char* action, int error);

  std::filesystem::path path_, temporary_;
  std::string buffer_;
  int descriptor_ = -1;
  bool in_place_ = false;  // a device or pipe: temporary_ is the file itself, not to be removed or renamed
};

// The whole of a text in one call.
void write_text_file(const std::filesystem::path& path, std::string_view text);
// The whole file (or what comes through a pipe) as bytes; IoError when it cannot be read or is larger than
// `limit_bytes`.
std::string read_text_file(const std::filesystem::path& path, size_t limit_bytes = size_t{1} << 32);

// What a user can do about an errno value met while reading or writing: "free space on the disk", …
std::string remedy_for(int error);

}  // namespace tessera
