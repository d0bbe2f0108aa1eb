// SPDX-License-Identifier: GPL-3.0-or-later
// The runs that a report is about, and the parts of its data that are made from their files.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tessera/parallel/exec_context.h"

namespace tessera {

// One run.json.
struct ReportRun {
  std::string name;              // path below the folder of results, without "run.json": "average", "picks"
  std::filesystem::path folder;  // that it lies in
  std::string verb;
  nlohmann::ordered_json record;
  // results.<whatever the verb calls it>, an empty object where there is none
  nlohmann::ordered_json result() const;
};

// All of `folder` and below, in the order in which they were started; those of reports and below `except` left out.
std::vector<ReportRun> find_runs(const std::filesystem::path& folder, const std::filesystem::path& except);

// The file that a record of `run` calls `path`: as it is, or where its last parts exist beside or above the run. Empty
// where it is gone.
std::filesystem::path locate(const ReportRun& run, const std::string& path);

// What the report's parts share.
struct ReportParts {
  const std::vector<ReportRun>& runs;
  std::filesystem::path pages;  // the folder being written
  int most_slices = 64, map_edge = 128;
  ExecContext& context;
  std::vector<std::string>& notes;
};

// [{name, shape, voxel_size_A, slices: [z], files, labels, kinds, picks: [{name, radius, points: [[x, y, z, class,
// r]]}]}]
nlohmann::ordered_json tomogram_pages(const ReportParts& parts);
// [{name, box, voxel_size_A, iterations, classes: [{…, map, level, slices, fit}], views: [[rot, tilt, class]]}]
nlohmann::ordered_json average_pages(const ReportParts& parts);
// For each average, for ChimeraX and for Mol*: NAME.cxc and NAME.molj, its classes side by side, the fitted models in
// them; and where its particles come from a tomogram, NAME_placed.cxc and NAME_placed.molj: a copy of its class's map
// for every particle, placed and turned as it lies there. Each average is told its own: scenes: [file].
void write_scenes(const ReportParts& parts, nlohmann::ordered_json& averages);
// [{name, points: [[x, y, cluster, class]]}]
nlohmann::ordered_json subdivision_pages(const ReportParts& parts);

}  // namespace tessera
