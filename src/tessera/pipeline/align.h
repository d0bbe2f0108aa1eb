// SPDX-License-Identifier: GPL-3.0-or-later
// tessera align: the pose of every particle of a list against a map.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/align/aligner.h"
#include "tessera/pipeline/particle_files.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct AlignRequest {
  std::string particles, reference, mask;
  std::vector<std::string> symmetry;  // one group or none
  AlignOptions align;
  std::optional<double> mask_diameter_A, limit_resolution_A;
  bool rescale_reference = false;
  ParticleOptions particle_options;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"particles", "file.star", "Particle list (RELION 3.1 subtomogram STAR file)", "Arguments"}, particles);
    visit(Option{"reference", "file.mrc", "The map to align to, of the particles' box and voxel size", "Reference"},
          reference);
    visit(Option{"rescale-reference", "", "Bring a map of another box or voxel size to those of the particles",
                 "Reference"},
          rescale_reference);
    visit(Option{"mask-diameter", "Å", "Diameter of the soft spherical mask; found from the map if not given",
                 "Reference"},
          mask_diameter_A);
    visit(Option{"mask", "file.mrc", "Soft mask of the map, 0 to 1, instead of the sphere", "Reference"}, mask);
    visit(
        Option{"symmetry", "",
               "Point group of the map, in RELION's axes: it is made symmetric first; of equivalent poses one is told",
               "Reference"},
        symmetry);
    visit(Option{"limit-resolution", "Å", "Never align with shells beyond this resolution", "Reference"},
          limit_resolution_A);
    align.describe(visit);
    particle_options.describe(visit);
    visit(Option{"output", "file.star", "The list with poses to write", "Output"}, output);
  }
};

struct AlignOutcome {
  std::string star;
  int64_t particles = 0;
  std::vector<std::string> skipped;  // images left out
  double mean_correlation = 0;       // [F] Eq. 1 in units of the noise
  double mean_shift_A = 0, seconds_per_particle = 0;
  nlohmann::ordered_json json() const;
};

// Writes the list with poses and log-likelihoods and, beside it, <output>.run.json.
AlignOutcome run_align(const AlignRequest& request, ExecContext& context, const CommandLine& command_line = {});

// Adds a fault for every option out of range; for all verbs that align.
void check_align_options(Faults& faults, const AlignOptions& options);

}  // namespace tessera
