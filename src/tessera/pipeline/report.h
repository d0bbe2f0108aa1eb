// SPDX-License-Identifier: GPL-3.0-or-later
// tessera report: a folder of results as pages that open from disk.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/base/option.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct ReportRequest {
  std::string folder;
  std::string title;
  int slices = 64;
  int map_edge = 128;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"folder", "folder", "Where results are: every run.json in it and below counts", "Arguments"}, folder);
    visit(Option{"title", "", "Heading of the report; the folder's name if not given", "Pages"}, title);
    visit(Option{"slices", "", "Most slices shown of a tomogram", "Pages"}, slices);
    visit(Option{"map-edge", "voxels", "Larger maps are binned for the 3-D view", "Pages"}, map_edge);
    visit(Option{"output", "folder", "Where the report goes; made if missing", "Output"}, output);
  }
};

struct ReportOutcome {
  std::string folder, page;
  int runs = 0, tomograms = 0, maps = 0, figures = 0;
  bool has_view3d = false;
  std::vector<std::string> notes;  // what was left out, and why
  nlohmann::ordered_json json() const;
};

// Writes index.html, its style and script, data.js (all numbers), slices/, maps/ (base64 in scripts, since pages opened
// from disk may not read files), models/ (fitted atoms, PDB), figures/ (every PNG and SVG that the runs made) and,
// where the program has it, view3d.js (Mol*). Nothing in it needs a network. What cannot be read any more is left out
// and noted. The folder of results is not changed, unless the report goes into it. UserError: no runs there.
ReportOutcome run_report(const ReportRequest& request, ExecContext& context, const CommandLine& command_line = {});

}  // namespace tessera
