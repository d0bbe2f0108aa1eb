// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/download.h"

#include <curl/curl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "tessera/base/errors.h"

namespace tessera {
namespace fs = std::filesystem;
namespace {

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
  double stall_timeout_s = 0;
  bool started = false, disk_full = false, stalled = false;
  int64_t received = 0, received_last = 0;
  std::chrono::steady_clock::time_point last_arrival = std::chrono::steady_clock::now();
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

// Called by libcurl at every arrival, and about once a second while nothing arrives. Its own speed limit averages over
// several seconds and is too slow to tell a stall.
int report(void* user, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.stop && transfer.stop->load()) return 1;
  const auto time = std::chrono::steady_clock::now();
  if (transfer.received != transfer.received_last) transfer.last_arrival = time;
  transfer.received_last = transfer.received;
  transfer.stalled = std::chrono::duration<double>(time - transfer.last_arrival).count() > transfer.stall_timeout_s;
  if (transfer.stalled) return 1;
  if (total > 0) transfer.sink->progress(transfer.title, transfer.already + now, transfer.already + total, 0);
  return 0;
}

struct Answer {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string trouble;
  bool stopped = false, disk_full = false, resumed = false;
};

void set_up(CURL* handle, const std::string& url, const FetchOptions& options, Transfer& transfer) {
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "tessera");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout_s * 1000));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, report);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}

Answer request(const std::string& url, const fs::path& part, const FetchOptions& options, Sink& sink,
               const std::atomic<bool>* stop, const std::string& title) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(part.c_str(), "ab"));
  if (!file)
    throw IoError(fmt::format("cannot write '{}': {}; set TESSERA_CACHE to a writable folder", part.string(),
                              std::strerror(errno)));
  std::fseek(file.get(), 0, SEEK_END);
  const int64_t present = std::ftell(file.get());
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), curl_easy_cleanup);
  if (!handle) throw InternalError("libcurl did not start");
  Transfer transfer{file.get(), present, handle.get(), stop, &sink, title, options.stall_timeout_s};
  char trouble[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, trouble);
  set_up(handle.get(), url, options, transfer);
  const std::string range = fmt::format("{}-", present);
  if (present > 0) curl_easy_setopt(handle.get(), CURLOPT_RANGE, range.c_str());
  Answer answer;
  answer.code = curl_easy_perform(handle.get());
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  answer.trouble = trouble[0] ? trouble : curl_easy_strerror(answer.code);
  if (transfer.stalled) answer.trouble = fmt::format("nothing arrived for {:g} s", options.stall_timeout_s);
  answer.stopped = answer.code == CURLE_ABORTED_BY_CALLBACK && !transfer.stalled;
  answer.resumed = transfer.already > 0;
  answer.disk_full = transfer.disk_full || std::fflush(file.get()) != 0;
  return answer;
}

void wait(double seconds, const std::atomic<bool>* stop) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end && !(stop && stop->load()))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

// Trying again cannot help: the request itself is wrong, or refused.
bool is_final(const Answer& answer) {
  if (answer.code == CURLE_UNSUPPORTED_PROTOCOL || answer.code == CURLE_URL_MALFORMAT) return true;
  const bool passing = answer.status == 408 || answer.status == 416 || answer.status == 429;
  return answer.status >= 400 && answer.status < 500 && !passing;
}

void empty_file(const fs::path& part) {
  std::error_code error;
  fs::resize_file(part, 0, error);
  if (error) throw IoError(fmt::format("cannot write '{}': {}", part.string(), error.message()));
}

}  // namespace

Download download(const std::string& url, const fs::path& part, const std::string& title, const FetchOptions& options,
                  Sink& sink, const std::atomic<bool>* stop) {
  const auto interrupted = [] { return Interrupted("download stopped; what arrived is kept and resumed next time"); };
  double backoff = options.first_backoff_s;
  Answer answer;
  for (int attempt = 0; attempt <= options.retries; ++attempt) {
    if (attempt > 0) {
      sink.message(Severity::info, fmt::format("{}: {}; trying again", title, answer.trouble));
      wait(backoff, stop);
      backoff *= 2;
    }
    if (stop && stop->load()) throw interrupted();
    answer = request(url, part, options, sink, stop, "fetching " + title);
    if (answer.stopped) throw interrupted();
    if (answer.disk_full)
      throw IoError(fmt::format("cannot write '{}': is the disk full? Free space or set TESSERA_CACHE", part.string()));
    if (answer.code == CURLE_OK) return {true, answer.resumed};
    if (answer.status == 404 || answer.status == 410) return {};
    if (answer.status == 416) empty_file(part);  // what is there does not belong to what the server now has
    if (is_final(answer)) break;
  }
  throw IoError(fmt::format("{}: cannot download {}: {}; check the network, or name another server in TESSERA_PDB_URL",
                            title, url, answer.trouble));
}

}  // namespace tessera
