// SPDX-License-Identifier: GPL-3.0-or-later
// What every verb of the pipeline does with files: output folders, records beside results, checks of requests.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/parallel/exec_context.h"

namespace tessera {

// The words the user typed, for run.json. Empty where the library was called directly.
using CommandLine = std::vector<std::string>;

// What --version says.
std::string program_version();

// Makes the folder (and its parents) and proves that a file can be made in it. IoError naming folder, cause and remedy.
void prepare_folder(const std::filesystem::path& folder);
// The same for the folder a file will lie in. UserError when `file` names a folder.
void prepare_folder_of(const std::filesystem::path& file);

// "dir/map.mrc" → "dir/map.run.json"; of a folder, "dir/run.json".
std::filesystem::path record_path(const std::filesystem::path& output);

// Adds a fault when the file does not exist, is a folder or cannot be opened.
void require_readable(Faults& faults, const std::string& what, const std::filesystem::path& file);

// Throws Interrupted when the user asked to stop; `state` says what was kept.
void throw_if_stopped(const ExecContext& context, const std::string& state);

}  // namespace tessera
