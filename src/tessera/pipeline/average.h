// SPDX-License-Identifier: GPL-3.0-or-later
// tessera average: from a particle list to the maps of its classes.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/average/averager.h"
#include "tessera/pipeline/particle_files.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct AverageRequest {
  std::string particles;
  AverageOptions average;
  std::vector<std::string> references;
  std::string poses, mask;
  bool rescale_reference = false;
  ParticleOptions particle_options;
  bool halves = false, posterior = false;
  bool resume = false;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"particles", "file.star", "Particle list (RELION 3.1 subtomogram STAR file)", "Arguments"}, particles);
    average.describe(visit);
    visit(Option{"reference", "file.mrc", "Start from these maps, one for each class, instead of reference-free",
                 "Start"},
          references);
    visit(Option{"rescale-reference", "", "Bring maps of another box or voxel size to those of the particles", "Start"},
          rescale_reference);
    visit(Option{"poses", "file.star", "Average once at the poses and classes of this list; no alignment", "Start"},
          poses);
    visit(Option{"mask", "file.mrc",
                 "Soft mask, 0 to 1, of the particles' box: where in the references to align and classify, and where "
                 "the FSC is taken; soft spheres if not given",
                 "Regularisation"},
          mask);
    particle_options.describe(visit);
    visit(Option{"halves", "", "Write the maps of the two half-sets too", "Output"}, halves);
    visit(Option{"posterior", "",
                 "Write every candidate pose of every particle, with its probability, to posterior.star", "Output"},
          posterior);
    visit(Option{"resume", "", "Continue from the checkpoint in the output folder", "Output"}, resume);
    visit(Option{"output", "folder", "Where maps, poses and records go; made if missing", "Output"}, output);
  }
};

// --paper: sets all that the preset sets (average/paper.h), and returns whether it did; what the user gave is then to
// be assigned again, so that it wins.
bool apply_preset(AverageRequest& request);

struct AverageOutcome {
  std::string folder, map, stop_reason;  // map: of the first class
  int64_t particles = 0;
  std::vector<std::string> skipped;  // images left out
  int classes = 1, iterations = 0;
  double resolution_A = 0;          // half-set FSC 0.143, corrected for the mask at the end, best over the classes
  std::vector<double> occupancies;  // share of the particles in each class
  std::vector<std::string> groups;  // of each class
  std::vector<std::optional<SymmetryStatus>> symmetry;
  std::optional<NoiseControl> noise_control;
  std::vector<StartPass> start;
  ClassEnds class_ends;
  std::vector<IterationReport> reports;
  nlohmann::ordered_json json() const;
};

// Writes for each class class_K.mrc, class_K_half1.mrc and class_K_half2.mrc (request.halves), particles.star,
// posterior.star (request.posterior; pipeline/posterior_table.h),
// convergence.json, fsc_class_K.png and .svg (at the end), run.json and checkpoint.cbor into request.output after every
// iteration, each file whole. Interrupted: what the last finished iteration wrote stays, and request.resume continues
// from it.
AverageOutcome run_average(const AverageRequest& request, ExecContext& context, const CommandLine& command_line = {});

}  // namespace tessera
