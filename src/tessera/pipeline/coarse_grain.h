// SPDX-License-Identifier: GPL-3.0-or-later
// tessera coarse-grain: macromolecules as a few balls, with the space that saves.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/pipeline/density.h"
#include "tessera/simulate/coarse_grain.h"

namespace tessera {

struct CoarseGrainRequest {
  std::vector<std::string> structures;
  SelectionOptions selection;
  CoarseGrainOptions coarse;
  std::string figure, output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"structure", "file", "PDB or mmCIF files, plain or .gz, or builtin:NAME", "Arguments"}, structures);
    coarse.describe(visit);
    selection.describe(visit);
    visit(Option{"output", "file", "Balls, bonds and volumes, as .json; or one structure's balls as .pdb", "Output"},
          output);
    visit(Option{"figure", "file.png", "Draw the volumes as bars", "Output"}, figure);
  }
};

struct CoarseGrainOutcome {
  std::string output, figure;
  std::vector<std::string> structures;
  std::vector<CoarseModel> models;
  std::vector<std::string> notes;
  double median_saved() const;
  int64_t saving() const;  // structures that several balls make smaller
  nlohmann::ordered_json json() const;
};

// Positions are written in the structure's own frame. Of one structure the output is an object with balls, bonds and
// volumes; of several, an object whose "structures" is an array of these. A .pdb holds one atom a ball (B factor: the
// radius) and CONECT records. Beside it <output>.run.json. Errors as load_structure and coarse_grain.
CoarseGrainOutcome run_coarse_grain(const CoarseGrainRequest& request, ExecContext& context,
                                    const CommandLine& command_line = {});

}  // namespace tessera
