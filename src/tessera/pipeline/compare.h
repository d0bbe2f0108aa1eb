// SPDX-License-Identifier: GPL-3.0-or-later
// tessera compare: a map beside another map or an atomic model.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/align/compare.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct CompareRequest {
  std::string map, reference;
  CompareOptions compare;
  std::string kernel = "potential";
  bool assembly = true;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"map", "file.mrc", "The map to judge (.mrc)", "Arguments"}, map);
    visit(Option{"reference", "file", "What it should be: a map (.mrc), a PDB or mmCIF file, or builtin:NAME",
                 "Arguments"},
          reference);
    compare.describe(visit);
    visit(Option{"kernel", "", "Density of an atomic reference: potential or situs", "Reference"}, kernel);
    visit(Option{"assembly", "", "Build the biological assembly of an atomic reference", "Reference"}, assembly);
    visit(Option{"output", "folder", "Write the fitted reference and run.json there; nothing is written if not given",
                 "Output"},
          output);
  }
};

struct CompareOutcome {
  std::string map, reference, symmetry;
  double voxel_size_A = 0;
  int64_t box = 0;
  Comparison comparison;
  // Correlations and resolutions of the reference as given at the top; "mirrored" holds those of its mirror image.
  nlohmann::ordered_json json() const;
};

// IoError for unreadable files, UserError for unfit options or constant maps.
CompareOutcome run_compare(const CompareRequest& request, ExecContext& context, const CommandLine& command_line = {});

}  // namespace tessera
