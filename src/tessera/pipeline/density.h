// SPDX-License-Identifier: GPL-3.0-or-later
// tessera density: the map of an atomic model.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/pipeline/run_files.h"
#include "tessera/simulate/builtin.h"
#include "tessera/simulate/density.h"

namespace tessera {

// Which atoms of a file count.
struct SelectionOptions {
  bool assembly = true;
  bool hydrogens = false;
  bool waters = false;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"assembly", "", "Build the biological assembly", "Structure"}, assembly);
    visit(Option{"hydrogens", "", "Read hydrogen atoms too", "Structure"}, hydrogens);
    visit(Option{"waters", "", "Read water molecules too", "Structure"}, waters);
  }
  AtomSelection selection() const { return {assembly, hydrogens, waters}; }
};

struct DensityRequest {
  std::string structure;
  SelectionOptions selection;
  DensityOptions density;
  bool list_builtins = false;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"structure", "file", "PDB or mmCIF file, plain or .gz, or builtin:NAME", "Arguments"}, structure);
    density.describe(visit);
    selection.describe(visit);
    visit(Option{"list-builtins", "", "List the built-in structures and stop", "Structure"}, list_builtins);
    visit(Option{"output", "file.mrc", "The map to write", "Output"}, output);
  }
};

struct DensityOutcome {
  std::string structure, map, kernel;
  int64_t atoms = 0, atoms_outside = 0;
  double mass_kDa = 0, diameter_A = 0, minimum = 0, maximum = 0;
  std::vector<std::string> notes;
  nlohmann::ordered_json json() const;
};

// Writes the map and, beside it, <map>.run.json. Errors as load_structure and density_of (simulate/).
DensityOutcome run_density(const DensityRequest& request, ExecContext& context, const CommandLine& command_line = {});

// The structures that need no file, for --list-builtins.
std::vector<BuiltinInfo> list_builtins();

// Records the file of a structure in run.json; a built-in one has none.
class RunRecord;
void record_structure(RunRecord& record, const std::string& structure);
// A fault unless `structure` is builtin:NAME or a readable file.
void check_structure(Faults& faults, const std::string& structure);

}  // namespace tessera
