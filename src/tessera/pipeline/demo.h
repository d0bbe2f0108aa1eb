// SPDX-License-Identifier: GPL-3.0-or-later
// tessera demo: the whole path on built-in structures, as a pipeline (demo_pipeline); or, for named structures, the
// main job on particles of each, judged against the truth (run_demo).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/align/compare.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct DemoRequest {
  std::vector<std::string> structures;
  int particles = 100;
  int box = 48;
  double snr = 0.05;
  int iterations = 20;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(
        Option{"structure", "file",
               "Average simulated particles of these alone: builtin:NAME, or PDB or mmCIF files, plain or .gz; if not "
               "given, a whole pipeline from scene to report",
               "Data"},
        structures);
    visit(Option{"particles", "", "Subtomograms of each --structure", "Data"}, particles);
    visit(Option{"box", "voxels", "Edge of a subtomogram; the voxel size is chosen so that the structure fits", "Data"},
          box);
    visit(Option{"snr", "", "Signal-to-noise ratio of the projections, var(signal)/var(noise)", "Data"}, snr);
    visit(Option{"iterations", "", "Upper limit of iterations of the average", "Average"}, iterations);
    visit(Option{"output", "folder", "Where all files go; made if missing", "Output"}, output);
  }
};

// One structure: its reference-free average and the average at the true poses, each compared with the truth.
struct DemoResult {
  std::string structure, folder, figure;
  int64_t particles = 0, box = 0;
  double voxel_size_A = 0, snr = 0;
  int iterations = 0;
  double half_set_resolution_A = 0;
  HandComparison average, mirrored, true_poses;  // `mirrored`: the average against the mirror image of the truth
  double average_seconds = 0, seconds = 0;

  double correlation_of_ceiling() const { return average.correlation_masked / true_poses.correlation_masked; }
  bool right_hand() const { return average.correlation_masked >= mirrored.correlation_masked; }
  // What keeps the average from being called good, a clause each; empty when it came out well: more structure than
  // noise (correlation above √½), at least 0.95 of the correlation that the true poses reach, an FSC-0.5 resolution
  // within 1.2 times theirs, the hand of the truth.
  std::vector<std::string> shortcomings() const;
  nlohmann::ordered_json json() const;
};

struct DemoOutcome {
  std::string folder;
  std::vector<DemoResult> results;
  double seconds = 0;
  bool good() const;
  nlohmann::ordered_json json() const;
};

// Puts pipeline.toml and scene.toml, which come with the program, into the folder (made if missing) and returns the
// pipeline's path. Files of these names that are there already stay as they are: a user may have edited them.
std::filesystem::path demo_pipeline(const std::filesystem::path& folder);

// For each structure, below request.output/<name>/: particles/ (as run_simulate_particles), average/ and true_poses/
// (as run_average), comparison/ (as run_compare, the truth fitted to the average), figure.png. Last of all results.json
// and run.json in request.output: they are there only when every step was done. Errors as those of the steps; a run
// that was stopped keeps what it finished. Same seed, same files, times apart.
DemoOutcome run_demo(const DemoRequest& request, ExecContext& context, const CommandLine& command_line = {});

}  // namespace tessera
