// SPDX-License-Identifier: GPL-3.0-or-later
// A folder that RELION 3.1 takes for a project of its own: its programs run in it, its window opens it.
#pragma once

#include <filesystem>
#include <vector>

#include "tessera/base/errors.h"

namespace tessera {

// Faults: the folder is a project in which RELION has worked since, which is not to be overwritten.
void check_relion_project(const std::filesystem::path& folder, Faults& faults);

// Makes `folder`, in which particles.star lies with names of images that are absolute or relative to it, a project: a
// finished Import job for the list (Import/job001/particles.star, a copy) and one for each of `references`
// (Import/job002/class_1.mrc, …), the pipeline that tells of them (default_pipeline.star), and what marks a project
// (.gui_projectdir, .Nodes). The pipeline is written last. IoError: a file cannot be read or written.
void write_relion_project(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& references);

}  // namespace tessera
