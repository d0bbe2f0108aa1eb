// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

constexpr size_t buffer_bytes = size_t{1} << 20;

// Returns 0 or the errno value; carries on after interruptions and partial writes.
int write_all(int descriptor, const char* data, size_t bytes) {
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor, data, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    data += written;
    bytes -= static_cast<size_t>(written);
  }
  return 0;
}

}  // namespace

std::string remedy_for(int error) {
  switch (error) {
    case ENOENT:
      return "check the path, or make the folder first";
    case ENOTDIR:
      return "a part of the path is a file, not a folder: check the path";
    case EISDIR:
      return "this is a folder: give the name of a file";
    case EACCES:
    case EPERM:
      return "check the permissions, or choose another folder";
    case EROFS:
      return "the file system is read-only: choose another folder";
    case ENOSPC:
    case EDQUOT:
      return "free space on the disk, or choose another folder";
    case EFBIG:
      return "the file is larger than allowed here: raise the limit (ulimit -f), or choose another file system";
    case EMFILE:
    case ENFILE:
      return "too many files are open: raise the limit (ulimit -n)";
    case ENAMETOOLONG:
      return "choose a shorter name";
    default:
      return "check the disk and the path";
  }
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  static std::atomic<uint64_t> counter{0};
  const std::string name = path_.filename().string();
  if (name.empty() || name == "." || name == "..") {
    throw IoError(fmt::format("cannot write '{}': {}", path_.string(), remedy_for(EISDIR)));
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(path_, ignored)) {
    throw IoError(fmt::format("cannot write '{}': {}", path_.string(), remedy_for(EISDIR)));
  }
  if (std::filesystem::is_symlink(path_, ignored)) {
    const auto target = std::filesystem::canonical(path_, ignored);  // fails on a link to nothing: that is replaced
    if (!ignored) path_ = target;
  }
  in_place_ = std::filesystem::exists(path_, ignored) && !std::filesystem::is_regular_file(path_, ignored);
  const auto unique = fmt::format(".{}.tmp-{}-{}", name, ::getpid(), counter++);
  temporary_ = in_place_ ? path_ : path_.parent_path() / unique;
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CLOEXEC | (in_place_ ? 0 : O_CREAT | O_EXCL), 0666);
  if (descriptor_ < 0) {
    const int error = errno;
    throw IoError(fmt::format("cannot write '{}': {}; {}", path_.string(), std::strerror(error), remedy_for(error)));
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) discard();
}

void AtomicFile::discard() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  if (!in_place_) ::unlink(temporary_.c_str());
}

void AtomicFile::fail(const char* action, int error) {
  discard();
  throw IoError(fmt::format("cannot {} '{}': {}; {}", action, path_.string(), std::strerror(error), remedy_for(error)));
}

void AtomicFile::flush() {
  if (descriptor_ < 0) throw InternalError(fmt::format("write to '{}' after its end", path_.string()));
  if (const int error = write_all(descriptor_, buffer_.data(), buffer_.size())) fail("write", error);
  buffer_.clear();
}

void AtomicFile::write(const void* data, size_t bytes) {
  if (buffer_.size() + bytes > buffer_bytes) flush();
  if (bytes < buffer_bytes) {
    buffer_.append(static_cast<const char*>(data), bytes);
  } else if (const int error = write_all(descriptor_, static_cast<const char*>(data), bytes)) {
    fail("write", error);
  }
}

void AtomicFile::commit() {
  flush();
  // Pipes and some network file systems know no fsync; that is no failure of the write.
  if (::fsync(descriptor_) != 0 && errno != EINVAL && errno != ENOTSUP) fail("write", errno);
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) fail("write", errno);
  if (!in_place_ && ::rename(temporary_.c_str(), path_.c_str()) != 0) fail("rename the finished file to", errno);
}

void write_text_file(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

std::string read_text_file(const std::filesystem::path& path, size_t limit_bytes) {
  const auto fail = [&](int error) {
    throw IoError(fmt::format("cannot read '{}': {}; {}", path.string(), std::strerror(error), remedy_for(error)));
  };
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) fail(errno);
  struct stat status {};
  if (::fstat(fileno(file.get()), &status) != 0) fail(errno);
  if (S_ISDIR(status.st_mode)) fail(EISDIR);
  const auto too_large = [&](const std::string& bytes) {
    throw IoError(fmt::format("'{}' has {} bytes, more than the {} expected of such a file: is it the right one?",
                              path.string(), bytes, limit_bytes));
  };
  const size_t stated = static_cast<size_t>(status.st_size);  // 0 for pipes and devices
  if (stated > limit_bytes) too_large(std::to_string(stated));
  std::string text(std::max(stated + 1, size_t{1} << 16), '\0');
  size_t bytes = 0;
  while (const size_t got = std::fread(text.data() + bytes, 1, text.size() - bytes, file.get())) {
    bytes += got;
    if (bytes > limit_bytes) too_large("over " + std::to_string(limit_bytes));
    if (bytes == text.size()) text.resize(2 * bytes);
  }
  if (std::ferror(file.get())) fail(errno);
  text.resize(bytes);
  return text;
}

}  // namespace tessera
