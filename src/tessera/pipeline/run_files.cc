// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/run_files.h"

#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "tessera/io/atomic_file.h"
#include "tessera/io/run_record.h"

namespace tessera {

std::string program_version() {
  return tessera_version();
}

void prepare_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || !std::filesystem::is_directory(folder))
    throw IoError(fmt::format("{}: the folder cannot be made ({}); choose another --output", folder.string(),
                              error ? error.message() : "a file of that name exists"));
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    const int cause = errno;
    throw IoError(fmt::format("{}: the folder cannot be written ({}); {}", folder.string(),
                              std::generic_category().message(cause), remedy_for(cause)));
  }
}

void prepare_folder_of(const std::filesystem::path& file) {
  if (file.empty() || !file.has_filename() || std::filesystem::is_directory(file))
    throw UserError(fmt::format("--output {}: give the name of a file", file.string()));
  prepare_folder(file.has_parent_path() ? file.parent_path() : std::filesystem::path("."));
}

std::filesystem::path record_path(const std::filesystem::path& output) {
  if (std::filesystem::is_directory(output)) return output / "run.json";
  std::filesystem::path record = output;
  return record.replace_extension(".run.json");
}

void require_readable(Faults& faults, const std::string& what, const std::filesystem::path& file) {
  std::error_code error;
  if (file.empty())
    faults.add(what + ": no file given");
  else if (!std::filesystem::exists(file, error))
    faults.add(fmt::format("{}: {}: no such file", what, file.string()));
  else if (std::filesystem::is_directory(file, error))
    faults.add(fmt::format("{}: {} is a folder, not a file", what, file.string()));
  else if (!std::ifstream(file))
    faults.add(fmt::format("{}: {} cannot be opened; check its permissions", what, file.string()));
}

void throw_if_stopped(const ExecContext& context, const std::string& state) {
  if (context.stop_requested()) throw Interrupted("stopped; " + state);
}

}  // namespace tessera
