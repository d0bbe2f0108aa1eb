// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/fetch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

#include "tessera/base/errors.h"
#include "tessera/io/atoms.h"
#include "tessera/io/download.h"

namespace tessera {
namespace fs = std::filesystem;
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// Holds the partial file of an entry, so that two runs do not write it at the same time. Waits for the other to end.
class PartLock {
 public:
  PartLock(const fs::path& part, const std::atomic<bool>* stop) : part_(part) {
    while (!try_lock(part)) {
      if (stop && stop->load()) throw Interrupted("download stopped");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  ~PartLock() {
    struct stat mine;
    if (::fstat(descriptor_, &mine) == 0 && mine.st_size == 0) ::unlink(part_.c_str());  // nothing came: no trace
    ::close(descriptor_);
  }
  PartLock(const PartLock&) = delete;
  PartLock& operator=(const PartLock&) = delete;

 private:
  // The file may be renamed or removed by who held it before: only the one of that name counts.
  bool try_lock(const fs::path& part) {
    descriptor_ = ::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0)
      throw IoError(fmt::format("cannot write '{}': {}; set TESSERA_CACHE to a writable folder", part.string(),
                                std::strerror(errno)));
    const bool held_elsewhere =
        ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR);
    struct stat mine, named;
    const bool same_file = ::fstat(descriptor_, &mine) == 0 && ::stat(part.c_str(), &named) == 0 &&
                           mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
    const bool locked = !held_elsewhere && same_file;  // file systems without locks go unlocked
    if (!locked) ::close(descriptor_);
    return locked;
  }

  fs::path part_;
  int descriptor_ = -1;
};

// The entry that a gzip structure says it is: of "data_1KP8" or "HEADER … 1KP8"; empty where it does not say.
std::string entry_of(const fs::path& file) {
  std::string text(4096, '\0');
  gzFile in = gzopen(file.c_str(), "rb");
  const int got = in ? gzread(in, text.data(), static_cast<unsigned>(text.size())) : 0;
  if (in) gzclose(in);
  text.resize(static_cast<size_t>(std::max(0, got)));
  const size_t block = text.find("data_"), end_of_line = text.find_first_of("\r\n");
  std::string name;
  if (text.starts_with("HEADER") && end_of_line >= 66 && text.size() >= 66) {
    name = text.substr(62, 4);
  } else if (block != std::string::npos && (block == 0 || text[block - 1] == '\n')) {
    name = text.substr(block + 5, text.find_first_of(" \t\r\n", block) - block - 5);
  }
  try {
    return normalise_pdb_id(name);
  } catch (const UserError&) {
    return "";
  }
}

// What is wrong with a file that should be entry `code`; nothing when it is.
std::optional<std::string> fault_of(const fs::path& file, const std::string& code) {
  std::string start(2, '\0');
  if (gzFile in = gzopen(file.c_str(), "rb")) {
    const bool plain = gzread(in, start.data(), 2) >= 0 && gzdirect(in) == 1;
    gzclose(in);
    if (plain) return start.starts_with('<') ? "a web page" : "no gzip file";
  }
  try {
    read_atoms(file, {.assembly = false, .hydrogens = true, .waters = true});
  } catch (const Error& error) {
    return error.what();
  }
  const std::string entry = entry_of(file);
  if (!entry.empty() && entry != code) return "entry " + entry;
  return std::nullopt;
}

// Downloads an entry to `part` and checks it. false: the server has no such file.
bool download_structure(const std::string& url, const fs::path& part, const std::string& code,
                        const FetchOptions& options, Sink& sink, const std::atomic<bool>* stop) {
  const auto discard = [&] {
    std::error_code ignored;
    fs::resize_file(part, 0, ignored);
  };
  for (int turn = 0;; ++turn) {
    const Download answer = download(url, part, code, options, sink, stop);
    if (!answer.found) return false;
    const auto fault = fault_of(part, code);
    if (!fault) return true;
    discard();
    // What was there before may have been the beginning of another file: once more from the start.
    if (answer.resumed && turn == 0) continue;
    throw IoError(
        fmt::format("{}: {} sent something that is not this structure ({}); nothing was kept; name another "
                    "server in TESSERA_PDB_URL, or get the file by hand",
                    code, url, *fault));
  }
}

void make_folder(const fs::path& folder, const char* what, const char* remedy) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && !fs::is_directory(folder, error)) error = std::make_error_code(std::errc::not_a_directory);
  if (error)
    throw IoError(fmt::format("cannot make the {} '{}': {}; {}", what, folder.string(), error.message(), remedy));
}

// Whole or not at all.
void copy_whole(const fs::path& from, const fs::path& to) {
  const fs::path pending = to.string() + ".part";
  std::error_code error, ignored;
  fs::copy_file(from, pending, fs::copy_options::overwrite_existing, error);
  if (!error) fs::rename(pending, to, error);
  if (!error) return;
  fs::remove(pending, ignored);
  throw IoError(
      fmt::format("cannot write '{}': {}; free space, or choose another folder", to.string(), error.message()));
}

}  // namespace

FetchOptions fetch_options_from_environment() {
  FetchOptions options;
  if (const auto server = environment("TESSERA_PDB_URL"); !server.empty()) options.server = server;
  while (!options.server.empty() && options.server.back() == '/') options.server.pop_back();
  if (const auto cache = environment("TESSERA_CACHE"); !cache.empty()) {
    options.cache = cache;
  } else if (const auto base = environment("XDG_CACHE_HOME"); !base.empty()) {
    options.cache = fs::path(base) / "tessera";
  } else if (const auto home = environment("HOME"); !home.empty()) {
    options.cache = fs::path(home) / ".cache" / "tessera";
  } else {
    throw UserError("no folder for the cache of downloads: set TESSERA_CACHE");
  }
  return options;
}

std::string normalise_pdb_id(const std::string& id) {
  const auto all = [](const std::string& text, auto&& test) { return std::all_of(text.begin(), text.end(), test); };
  const auto alphanumeric = [](unsigned char c) { return std::isalnum(c) && c < 128; };
  std::string lower(id);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string code = lower;
  if (lower.size() == 12 && lower.starts_with("pdb_") && all(lower.substr(4), alphanumeric)) {
    if (!lower.starts_with("pdb_0000")) return lower;
    code = lower.substr(8);
  }
  if (code.size() != 4 || !all(code, alphanumeric) || !std::isdigit(static_cast<unsigned char>(code[0])))
    throw UserError(
        fmt::format("'{}' is not a PDB id: four characters beginning with a digit, like 1KP8, or pdb_00001kp8", id));
  std::transform(code.begin(), code.end(), code.begin(), [](unsigned char c) { return std::toupper(c); });
  return code;
}

fs::path fetch_structure(const std::string& id, const FetchOptions& options, Sink& sink,
                         const std::atomic<bool>* stop) {
  const std::string code = normalise_pdb_id(id);
  const char* const endings[] = {".cif.gz", ".pdb.gz"};
  const auto cached = [&]() -> std::optional<fs::path> {
    std::error_code ignored;
    for (const char* ending : endings)
      if (const fs::path file = options.cache / (code + ending); fs::is_regular_file(file, ignored)) return file;
    return std::nullopt;
  };
  if (const auto file = cached()) return *file;
  make_folder(options.cache, "cache folder", "set TESSERA_CACHE to a writable folder");
  std::string tried;
  for (const char* ending : endings) {
    fs::path whole = options.cache / (code + ending);
    const fs::path part = whole.string() + ".part";
    const std::string url = fmt::format("{}/{}{}", options.server, code, ending);
    const PartLock lock(part, stop);
    std::error_code error;
    if (const auto file = cached()) {  // another run has fetched it meanwhile
      fs::remove(part, error);
      return *file;
    }
    const bool found = download_structure(url, part, code, options, sink, stop);
    if (found) fs::rename(part, whole, error);
    if (found && error)
      throw IoError(fmt::format("cannot write '{}': {}; set TESSERA_CACHE", whole.string(), error.message()));
    if (found) return whole;
    fs::remove(part, error);
    tried += (tried.empty() ? "" : " nor ") + url;
  }
  throw IoError(fmt::format("{}: the server has neither {}; check the id at https://www.rcsb.org", code, tried));
}

std::vector<fs::path> fetch_structures(const std::vector<std::string>& ids, const fs::path& folder,
                                       const FetchOptions& options, Sink& sink, const std::atomic<bool>* stop) {
  Faults bad_ids;
  for (const std::string& id : ids) {
    try {
      normalise_pdb_id(id);
    } catch (const UserError& error) {
      bad_ids.add(error.what());
    }
  }
  bad_ids.raise<UserError>("fetch");
  make_folder(folder, "folder", "choose another with --output");
  std::vector<fs::path> copies;
  Faults failed;
  for (const std::string& id : ids) {
    try {
      const fs::path file = fetch_structure(id, options, sink, stop);
      copy_whole(file, folder / file.filename());
      copies.push_back(folder / file.filename());
    } catch (const IoError& trouble) {
      failed.add(trouble.what());
    }
  }
  failed.raise<IoError>("fetch");
  return copies;
}

}  // namespace tessera
