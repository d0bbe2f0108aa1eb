// SPDX-License-Identifier: GPL-3.0-or-later
// tessera simulate tomogram: a packed scene through the microscope, with all its truth.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tessera/pipeline/run_files.h"
#include "tessera/simulate/reconstruct_tomogram.h"
#include "tessera/simulate/species_density.h"
#include "tessera/simulate/tilt_options.h"

namespace tessera {

struct SimulateTomogramRequest {
  std::string scene;
  SpecimenOptions specimen;
  TiltSeriesOptions tilts;
  ReconstructionOptions reconstruction;
  bool write_density = false;
  bool truth_maps = true;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"scene", "folder", "Folder that tessera pack wrote, or its scene.json", "Arguments"}, scene);
    specimen.describe(visit);
    tilts.describe(visit);
    reconstruction.describe(visit);
    visit(Option{"write-density", "", "Write density.mrc too, the specimen before imaging", "Output"}, write_density);
    visit(Option{"truth-maps", "", "Write truth_<species number>.mrc, the density of each species", "Output"},
          truth_maps);
    visit(Option{"output", "folder", "Where the tomogram goes; made if missing", "Output"}, output);
  }
};

struct TomogramSpecies {
  std::string name;
  int64_t bodies = 0, box = 0, voxels = 0;  // voxels of its label
  double signal_variance = 0, snr = 0;      // of the projections over box², before CTF
};

struct SimulateTomogramOutcome {
  std::string folder, physics, noise, reconstruction;
  std::array<int64_t, 3> shape{};  // x, y, z
  double voxel_size_A = 0;
  std::vector<double> tilts_deg;
  double noise_sigma = 0;  // of a projection's pixel, in units of the specimen; quadratic mean over the tilts
  double snr = 0;          // mean signal of all particles over it; infinite without noise, NaN without particles
  std::string snr_note;
  double occupied = 0;  // share of the voxels that belong to an instance
  std::vector<TomogramSpecies> species;
  int64_t instances = 0, gold_beads = 0;
  std::vector<double> sirt_residuals;
  nlohmann::ordered_json json() const;
};

// Writes into request.output, all or none: tomogram.mrc, tilt_series.mrc (ascending angles), tilts.tlt,
// tilt_series.mdoc, truth.star, labels.mrc with labels.star, instances.mrc with instances.star, filaments.star and
// membranes.star where the scene has them, tilts_truth.star, truth_<n>.mrc, scene.json, preview.png, run.json; formats
// in docs/tomogram.md. Memory: two volumes of the scene, the tilt series and less than 1 GB. UserError, IoError:
// options out of range, a scene that cannot be read, structures that are gone, too little memory or disk.
SimulateTomogramOutcome run_simulate_tomogram(const SimulateTomogramRequest& request, ExecContext& context,
                                              const CommandLine& command_line = {});

}  // namespace tessera
