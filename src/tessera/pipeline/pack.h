// SPDX-License-Identifier: GPL-3.0-or-later
// tessera pack: a scene file → where everything lies.
#pragma once

#include <nlohmann/json.hpp>

#include "tessera/pipeline/run_files.h"
#include "tessera/simulate/coarse_grain.h"
#include "tessera/simulate/dense_packing.h"
#include "tessera/simulate/packing_options.h"
#include "tessera/simulate/scene_file.h"

namespace tessera {

struct PackRequest {
  std::string scene_file;
  std::string mode;           // empty: as the scene file says, else product
  DensePackingOptions dense;  // product mode
  PackingOptions packing;     // paper mode
  CoarseGrainOptions coarse;
  std::string output;
  SceneRequest scene;  // read by load_scene

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"scene", "file.toml", "What to pack; docs/packing.md describes it", "Arguments"}, scene_file);
    visit(
        Option{"mode", "",
               "product (no overlap, as full as asked) or paper (molecular dynamics, overlap reported); empty: as the "
               "scene says, else product",
               "Packing"},
        mode);
    dense.describe(visit);
    coarse.describe(visit);
    packing.describe(visit);
    visit(Option{"output", "folder", "Where scene.json and the report go; made if missing", "Output"}, output);
  }
};

// Reads the scene file into request.scene, and its [packing] table into the options of the same names (flags given on
// the command line are to be assigned once more afterwards). Errors as read_scene_file; unknown keys of [packing].
void load_scene(PackRequest& request);

struct PackedSpeciesReport {
  std::string name, structure;
  int64_t requested = 0, placed = 0;
};

struct PackOutcome {  // NOLINT(bugprone-exception-escape): nlohmann::json's destructor may allocate
  std::string folder, mode;
  std::vector<PackedSpeciesReport> species;
  nlohmann::ordered_json report;                             // what packing.json holds
  std::vector<std::pair<std::string, std::string>> summary;  // for the eye
  nlohmann::ordered_json json() const { return report; }
};

// Writes scene.json, packing.json, run.json and, in product mode, slices.png and curve.csv; in paper mode,
// timeline.csv, topology.pdb, the trajectory and balls.png (start, middle and end) to request.output; all or nothing.
// UserError: what read_scene_file, the options and the structures find wrong; a species wider than the box; demands
// over 100 % of the box.
PackOutcome run_pack(const PackRequest& request, ExecContext& context, const CommandLine& command_line = {});

// Paper mode, into the folder `pending`; used by run_pack.
class RunRecord;
PackOutcome pack_as_product(const PackRequest& request, ExecContext& context, RunRecord& record,
                            const std::filesystem::path& pending);  // product mode, likewise
PackOutcome pack_by_dynamics(const PackRequest& request, ExecContext& context, RunRecord& record,
                             const std::filesystem::path& pending);

}  // namespace tessera
