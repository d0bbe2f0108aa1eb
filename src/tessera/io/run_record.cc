// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/run_record.h"

#include <sys/resource.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"

#ifndef TESSERA_VERSION
#define TESSERA_VERSION "0.1.0"
#endif

namespace tessera {
namespace {

constexpr uint64_t fnv_offset = 0xcbf29ce484222325u, fnv_prime = 0x100000001b3u;

uint64_t fnv1a(uint64_t hash, const unsigned char* data, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) hash = (hash ^ data[i]) * fnv_prime;
  return hash;
}

std::string checksum_text(uint64_t hash) {
  return fmt::format("fnv1a64:{:016x}", hash);
}

std::string utc_text(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  return fmt::format("{}.{:03d}Z", text, since_epoch.count() % 1000);
}

int64_t file_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) throw IoError(fmt::format("cannot read '{}': {}", path.string(), error.message()));
  return static_cast<int64_t>(bytes);
}

}  // namespace

std::string tessera_version() {
  return TESSERA_VERSION;
}

std::string file_checksum(const std::filesystem::path& path) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  const auto fail = [&] {
    const int error = errno;
    throw IoError(fmt::format("cannot read '{}': {}; {}", path.string(), std::strerror(error), remedy_for(error)));
  };
  if (!file) fail();
  std::vector<unsigned char> buffer(size_t{1} << 18);
  uint64_t hash = fnv_offset;
  while (const size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    hash = fnv1a(hash, buffer.data(), got);
  }
  if (std::ferror(file.get())) fail();
  return checksum_text(hash);
}

int64_t peak_memory_bytes() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;  // Linux counts kibibytes
}

RunRecord::RunRecord(std::string verb, std::vector<std::string> command_line)
    : verb_(std::move(verb)), command_line_(std::move(command_line)) {}

void RunRecord::add_input(const std::filesystem::path& path) {
  inputs_.push_back({{"path", path.string()}, {"bytes", file_bytes(path)}, {"checksum", file_checksum(path)}});
}

void RunRecord::add_inputs(const std::string& name, const std::vector<std::filesystem::path>& paths) {
  int64_t bytes = 0;
  uint64_t hash = fnv_offset;
  for (const auto& path : paths) {
    bytes += file_bytes(path);
    const std::string one = file_checksum(path);
    hash = fnv1a(hash, reinterpret_cast<const unsigned char*>(one.data()), one.size());
  }
  inputs_.push_back({{"path", name}, {"files", paths.size()}, {"bytes", bytes}, {"checksum", checksum_text(hash)}});
}

void RunRecord::add_timing(const std::string& step, double seconds) {
  const auto found = std::find_if(timings_.begin(), timings_.end(), [&](const auto& t) { return t.first == step; });
  if (found == timings_.end()) {
    timings_.emplace_back(step, seconds);
  } else {
    found->second += seconds;
  }
}

nlohmann::ordered_json RunRecord::json() const {
  nlohmann::ordered_json out;
  out["program"] = "tessera";
  out["version"] = tessera_version();
  out["verb"] = verb_;
  out["command_line"] = command_line_;
  out["options"] = options_;
  out["seed"] = seed_;
  out["threads"] = threads_;
  out["ranks"] = ranks_;
  out["started"] = utc_text(started_);
  out["elapsed_s"] = watch_.seconds();
  out["peak_memory_bytes"] = peak_memory_bytes();
  out["inputs"] = inputs_;
  out["outputs"] = outputs_;
  out["timings_s"] = nlohmann::ordered_json::object();
  for (const auto& [step, seconds] : timings_) out["timings_s"][step] = seconds;
  out["results"] = results_;
  return out;
}

void RunRecord::write(const std::filesystem::path& path) const {
  // A path that is not UTF-8 must not cost the record: such bytes are replaced.
  write_text_file(path, json().dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

bool is_run_record(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name == "run.json" || name.ends_with(".run.json");
}

double StepTimer::stop() {
  if (seconds_ < 0) {
    seconds_ = watch_.seconds();
    record_.add_timing(step_, seconds_);
  }
  return seconds_;
}

}  // namespace tessera
