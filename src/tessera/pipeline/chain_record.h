// SPDX-License-Identifier: GPL-3.0-or-later
// What a step of a pipeline was made from and what it made, so that it is done again only when that has changed.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace tessera {

// One file's content at a glance. `stamp` (time of the last change) only spares reading a file again: content decides.
struct FileContent {
  int64_t bytes = 0, stamp = 0;
  std::string checksum;
};
using FileContents = std::map<std::string, FileContent>;  // by path

// The files of `path`: itself, or all below a folder, without hidden ones (locks, files being written). Records of runs
// (run.json, *.run.json), which hold times, are left out unless asked for. A particle list counts with the subtomograms
// it names.
std::vector<std::filesystem::path> files_of(const std::filesystem::path& path, bool with_records);

// Sizes and checksums of the files; those in `known` with the same size and stamp are not read. IoError for a file
// that cannot be read. Cost: 0.8 GB/s of new content.
FileContents contents_of(const std::vector<std::filesystem::path>& files, const FileContents& known);

// Do two lists name the same files with the same content?
bool same_content(const FileContents& a, const FileContents& b);

struct StepRecord {  // NOLINT(bugprone-exception-escape): nlohmann::json's destructor may allocate
  std::string verb, version;
  nlohmann::ordered_json options;
  FileContents inputs, outputs;
  bool finished = false;  // false: the step was begun and stopped
  double seconds = 0;
  nlohmann::ordered_json result;
};

// Nothing where there is no record, or none that can be understood (a step is then done anew).
std::optional<StepRecord> read_step_record(const std::filesystem::path& path);
void write_step_record(const std::filesystem::path& path, const StepRecord& record);

}  // namespace tessera
