// SPDX-License-Identifier: GPL-3.0-or-later
// tessera simulate particles: subtomograms of known structures at known poses.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/pipeline/density.h"
#include "tessera/simulate/particles.h"

namespace tessera {

struct SimulateParticlesRequest {
  std::vector<std::string> structures;
  std::vector<int> copies{100};
  int empty = 0;
  DensityOptions density;
  SelectionOptions selection;
  ImagingOptions imaging;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"structure", "file", "PDB or mmCIF files, plain or .gz, or builtin:NAME; one class each", "Structure"},
          structures);
    visit(Option{"copies", "number", "Subtomograms of each structure; one number serves all", "Structure"}, copies);
    visit(Option{"empty", "number", "Boxes without a particle, noise alone; a class of its own after the structures",
                 "Structure"},
          empty);
    selection.describe(visit);
    density.describe(visit);
    imaging.describe(visit);
    visit(Option{"output", "folder", "Where the data set goes; made if missing", "Output"}, output);
  }
};

struct SimulatedClass {
  std::string structure, truth_map;
  int64_t copies = 0;
  double mass_kDa = 0, diameter_A = 0;
  ClassReport report;
};

struct SimulateParticlesOutcome {
  std::string folder;
  int64_t particles = 0, box = 0;
  double voxel_size_A = 0;
  std::vector<double> tilts_deg;
  std::string snr_definition;
  bool noise_free = false;
  double snr = 0, frank_al_ali_snr = 0;
  std::vector<SimulatedClass> classes;
  nlohmann::ordered_json json() const;
};

// Writes into request.output: particles.star (no poses), subtomograms/*.mrc, wedge.mrc (the rlnCtfImage of all),
// truth.star (poses and classes), truth_<class>.mrc, run.json. All of them or none. Empty boxes are imaged as a density
// of zero, at the noise of the set; their class follows those of the structures and has a truth map of zeros.
SimulateParticlesOutcome run_simulate_particles(const SimulateParticlesRequest& request, ExecContext& context,
                                                const CommandLine& command_line = {});

}  // namespace tessera
