// SPDX-License-Identifier: GPL-3.0-or-later
// The record a run leaves beside its results (run.json): all that is needed to make them again.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tessera/base/stopwatch.h"

namespace tessera {

// "0.1.0" or what git describe said when Tessera was configured.
std::string tessera_version();

// "fnv1a64:" and 16 hexadecimal digits: FNV-1a over the bytes (Fowler, Noll, Vo), about 0.8 GB/s. Finds accidental
// change; it is no signature.
std::string file_checksum(const std::filesystem::path& path);

// Peak resident memory of this process so far, in bytes.
int64_t peak_memory_bytes();

// Holds nothing that depends on the host but times and paths as the user gave them. Not thread-safe.
class RunRecord {
 public:
  RunRecord(std::string verb, std::vector<std::string> command_line);

  void set_options(nlohmann::ordered_json options) { options_ = std::move(options); }
  void set_seed(uint64_t seed) { seed_ = seed; }
  void set_threads(int threads) { threads_ = threads; }
  void set_ranks(int ranks) { ranks_ = ranks; }
  // Size and checksum are taken now. IoError when the file cannot be read.
  void add_input(const std::filesystem::path& path);
  // Many files as one entry (subtomograms): their count, total size and the checksum of their checksums in order.
  void add_inputs(const std::string& name, const std::vector<std::filesystem::path>& paths);
  void add_output(const std::filesystem::path& path) { outputs_.push_back(path.string()); }
  // Seconds of the same name are summed; names keep the order of their first appearance.
  void add_timing(const std::string& step, double seconds);
  // Further results of the verb, under "results".
  void set_result(const std::string& name, nlohmann::ordered_json value) { results_[name] = std::move(value); }

  // Elapsed time and peak memory are those at the call.
  nlohmann::ordered_json json() const;
  // Atomic; two-space indent, a final newline.
  void write(const std::filesystem::path& path) const;

 private:
  std::string verb_;
  std::vector<std::string> command_line_;
  nlohmann::ordered_json options_ = nlohmann::ordered_json::object(), results_ = nlohmann::ordered_json::object();
  nlohmann::ordered_json inputs_ = nlohmann::ordered_json::array();
  std::vector<std::string> outputs_;
  std::vector<std::pair<std::string, double>> timings_;
  uint64_t seed_ = 0;
  int threads_ = 1, ranks_ = 1;
  std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
  Stopwatch watch_;
};

// Whether a file is by its name a run's record: run.json of a folder, or NAME.run.json beside a file.
bool is_run_record(const std::filesystem::path& file);

// Adds the seconds from its making to stop() (or its end) to a step of the record.
class StepTimer {
 public:
  StepTimer(RunRecord& record, std::string step) : record_(record), step_(std::move(step)) {}
  ~StepTimer() { stop(); }
  StepTimer(const StepTimer&) = delete;
  StepTimer& operator=(const StepTimer&) = delete;
  // Returns the seconds; later calls return the same and add nothing.
  double stop();

 private:
  RunRecord& record_;
  std::string step_;
  Stopwatch watch_;
  double seconds_ = -1;
};

}  // namespace tessera
