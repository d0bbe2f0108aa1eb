// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/fetch.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "tessera/base/errors.h"
#include "tessera/io/atoms.h"

namespace tessera {
namespace fs = std::filesystem;
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// One request in flight.
struct Transfer {
  std::FILE* file = nullptr;
  int64_t already = 0;  // bytes of the partial file
  CURL* handle = nullptr;
  const std::atomic<bool>* stop = nullptr;
  Sink* sink = nullptr;
  std::string title;
  bool started = false, disk_full = false;
  int64_t received = 0;
};

size_t receive(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!transfer.started) {
    transfer.started = true;
    long status = 0;
    curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
    // A server that ignores Range answers 200 with the whole: begin again.
    if (transfer.already > 0 && status == 200) {
      if (ftruncate(fileno(transfer.file), 0) != 0) return 0;
      std::rewind(transfer.file);
      transfer.already = 0;
    }
  }
  const size_t bytes = size * count;
  if (std::fwrite(data, 1, bytes, transfer.file) != bytes) {
    transfer.disk_full = true;
    return 0;
  }
  transfer.received += static_cast<int64_t>(bytes);
  return bytes;
}

int report(void* user, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.stop && transfer.stop->load()) return 1;
  if (total > 0) transfer.sink->progress(transfer.title, transfer.already + now, transfer.already + total, 0);
  return 0;
}

struct Answer {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string trouble;
  bool stopped = false, disk_full = false;
};

Answer request(const std::string& url, const fs::path& part, const FetchOptions& options, Sink& sink,
               const std::atomic<bool>* stop, const std::string& title) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  std::error_code ignored;
  const auto present = fs::exists(part, ignored) ? static_cast<int64_t>(fs::file_size(part, ignored)) : 0;
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(part.c_str(), "ab"));
  if (!file)
    throw IoError(fmt::format("cannot write {}: {}; set TESSERA_CACHE to a writable folder", part.string(),
                              std::strerror(errno)));
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), curl_easy_cleanup);
  if (!handle) throw InternalError("libcurl did not start");
  Transfer transfer{file.get(), present, handle.get(), stop, &sink, title};
  char trouble[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, trouble);
  curl_easy_setopt(handle.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_USERAGENT, "tessera");
  curl_easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout_s * 1000));
  curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(options.stall_timeout_s)));
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, report);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
  const std::string range = fmt::format("{}-", present);
  if (present > 0) curl_easy_setopt(handle.get(), CURLOPT_RANGE, range.c_str());
  Answer answer;
  answer.code = curl_easy_perform(handle.get());
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  answer.trouble = trouble[0] ? trouble : curl_easy_strerror(answer.code);
  answer.stopped = answer.code == CURLE_ABORTED_BY_CALLBACK;
  answer.disk_full = transfer.disk_full || std::fflush(file.get()) != 0;
  return answer;
}

void wait(double seconds, const std::atomic<bool>* stop) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end && !(stop && stop->load()))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

// Downloads to `part` with retries. false: the server has no such file.
bool download(const std::string& url, const fs::path& part, const FetchOptions& options, Sink& sink,
              const std::atomic<bool>* stop, const std::string& id) {
  double backoff = options.first_backoff_s;
  Answer answer;
  for (int attempt = 0; attempt <= options.retries; ++attempt) {
    if (attempt > 0) {
      sink.message(Severity::info, fmt::format("{}: {}; trying again", id, answer.trouble));
      wait(backoff, stop);
      backoff *= 2;
    }
    if (stop && stop->load()) throw Interrupted("download stopped; what arrived is kept and resumed next time");
    answer = request(url, part, options, sink, stop, "fetching " + id);
    if (answer.stopped) throw Interrupted("download stopped; what arrived is kept and resumed next time");
    if (answer.disk_full)
      throw IoError(fmt::format("cannot write {}: is the disk full? Free space or set TESSERA_CACHE", part.string()));
    if (answer.code == CURLE_OK) return true;
    if (answer.status == 404 || answer.status == 410) {
      fs::remove(part);
      return false;
    }
    if (answer.status == 416) fs::remove(part);  // the partial file does not belong to what the server now has
    const bool final = answer.status >= 400 && answer.status < 500 && answer.status != 408 && answer.status != 416 &&
                       answer.status != 429;
    if (final) break;
  }
  throw IoError(fmt::format("{}: cannot download {}: {}; check the network, or name another server in TESSERA_PDB_URL",
                            id, url, answer.trouble));
}

// What is wrong with a file that should be a structure; nothing when it is one.
std::optional<std::string> fault_of(const fs::path& file) {
  try {
    read_atoms(file);
    return std::nullopt;
  } catch (const Error& error) {
    return error.what();
  }
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
  for (const char* ending : endings)
    if (fs::exists(options.cache / (code + ending))) return options.cache / (code + ending);
  std::error_code error;
  fs::create_directories(options.cache, error);
  if (error)
    throw IoError(
        fmt::format("cannot make the cache folder {}: {}; set TESSERA_CACHE", options.cache.string(), error.message()));
  for (const char* ending : endings) {
    const fs::path whole = options.cache / (code + ending), part = options.cache / (code + ending + ".part");
    const std::string url = fmt::format("{}/{}{}", options.server, code, ending);
    const bool resumed = fs::exists(part);
    if (!download(url, part, options, sink, stop, code)) continue;
    auto fault = fault_of(part);
    if (fault && resumed) {  // what was there before may have been another file's beginning
      fs::remove(part);
      if (!download(url, part, options, sink, stop, code)) continue;
      fault = fault_of(part);
    }
    if (fault) {
      fs::remove(part);
      throw IoError(
          fmt::format("{}: {} sent something that is not a structure ({}); nothing was kept", code, url, *fault));
    }
    fs::rename(part, whole);
    return whole;
  }
  throw IoError(fmt::format("{}: the server {} has no such entry; check the id", code, options.server));
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
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw IoError(fmt::format("cannot make the folder {}: {}", folder.string(), error.message()));
  std::vector<fs::path> copies;
  Faults failed;
  for (const std::string& id : ids) {
    try {
      const fs::path cached = fetch_structure(id, options, sink, stop);
      const fs::path target = folder / cached.filename(), pending = target.string() + ".part";
      fs::copy_file(cached, pending, fs::copy_options::overwrite_existing);
      fs::rename(pending, target);
      copies.push_back(target);
    } catch (const IoError& trouble) {
      failed.add(trouble.what());
    } catch (const fs::filesystem_error& trouble) {
      failed.add(fmt::format("{}: cannot be copied to {}: {}", id, folder.string(), trouble.code().message()));
    }
  }
  failed.raise<IoError>("fetch");
  return copies;
}

}  // namespace tessera
