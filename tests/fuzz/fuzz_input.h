// SPDX-License-Identifier: GPL-3.0-or-later
// What every fuzz target does around its reader: bytes become a file in memory, and of what the reader may throw only
// the errors meant for users pass. Anything else (a crash, a sanitizer's complaint, std::bad_alloc, InternalError)
// stops the fuzzer, which keeps the input.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tessera/base/errors.h"

namespace tessera::fuzz {

// One file for the whole life of the fuzzer, in memory; its name ends as the reader expects.
class InputFile {
 public:
  explicit InputFile(const std::string& ending)
      : path_(std::filesystem::path("/dev/shm") / ("tessera-fuzz-" + std::to_string(getpid()) + ending)) {}
  ~InputFile() { unlink(path_.c_str()); }

  const std::filesystem::path& hold(const uint8_t* data, size_t bytes) const {
    const int file = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || write(file, data, bytes) != static_cast<ssize_t>(bytes) || close(file) != 0) {
      std::perror(path_.c_str());
      std::abort();
    }
    return path_;
  }

 private:
  std::filesystem::path path_;
};

// Calls the reader; true when it took the input. An error for the user must say something.
template <typename Read>
bool taken(Read&& read) {
  const auto must_speak = [](const Error& error) {
    if (std::string(error.what()).size() < 10) std::abort();
  };
  try {
    read();
    return true;
  } catch (const IoError& error) {
    must_speak(error);
  } catch (const UserError& error) {
    must_speak(error);
  }
  return false;
}

// Stops the fuzzer with a sentence.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace tessera::fuzz
