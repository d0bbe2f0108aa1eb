// SPDX-License-Identifier: GPL-3.0-or-later
// The experiments of docs/accuracy.md by name, on structures of the folder TESSERA_DATA.
//   experiments                       lists them
//   experiments NAME [--option …]     runs one: five seeds; --help lists the options, which win over the experiment's
//   experiments NAME:half-snr …       the same with half the SNR; NAME:half-particles with half the particles
#include <cstdlib>

#include "tests/science/experiment_report.h"
#include "tests/science/program.h"

namespace tessera::science {
namespace {

struct Named {
  const char* name;
  const char* title;
  std::vector<std::string> structures;
  std::vector<int> copies;
  int empty_boxes, box;
  double voxel_size_A, tilt_deg, snr;
  std::string rotation_axis;
  std::vector<std::string> symmetry;
  Target target;
};

// The first four are those of [F] 3.2.1, 3.3.1 and 3.3.3, with targets relative to the average at true poses.
const std::vector<Named>& all_experiments() {
  static const std::vector<Named> list = {
      {"groel-weak",
       "100 GroEL, SNR 0.003, ±60°",
       {"groel_1oel"},
       {100},
       0,
       64,
       6,
       60,
       0.003,
       "none",
       {"D7"},
       {0.95, 1.2, {}}},
      {"groel-tilted",
       "50 GroEL, SNR 0.01, ±40°, turned about y alone",
       {"groel_1oel"},
       {50},
       0,
       64,
       6,
       40,
       0.01,
       "y",
       {"D7"},
       {0.95, {}, {}}},
      {"groel-ribosome",
       "100 GroEL + 100 ribosomes, SNR 0.01, ±60°",
       {"groel_1oel", "ribosome70s"},
       {100, 100},
       0,
       64,
       6,
       60,
       0.01,
       "none",
       {"D7", ""},
       {0.95, {}, 0.0}},
      {"groel-groes",
       "200 GroEL + 200 GroEL-GroES, SNR 0.01, ±65°",
       {"groel_1oel", "groel_groes_1aon"},
       {200, 200},
       0,
       32,
       12,
       65,
       0.01,
       "none",
       {"D7", "C7"},
       {{}, {}, 0.05}},
      {"microtubule",
       "100 patches of a microtubule, SNR 0.01, ±60°",
       {"microtubule_patch_6bjc"},
       {100},
       0,
       64,
       6,
       60,
       0.01,
       "none",
       {},
       {}},
      {"atp-synthase",
       "100 ATP synthases, SNR 0.01, ±60°",
       {"atp_synthase_5dn6"},
       {100},
       0,
       64,
       6,
       60,
       0.01,
       "none",
       {},
       {}},
      {"mixture",
       "five structures of unequal number and empty boxes, SNR 0.02, ±60°",
       {"ribosome70s", "groel_1oel", "proteasome20s_1pma", "p97_3cf3", "apoferritin_6z6u"},
       {120, 80, 60, 50, 40},
       50,
       32,
       12,
       60,
       0.02,
       "none",
       {},
       {}},
  };
  return list;
}

std::string structure_file(const std::string& name) {
  const char* folder = std::getenv("TESSERA_DATA");
  if (!folder) throw UserError("set TESSERA_DATA to the folder of the structures (" + name + ".pdb.gz and others)");
  return std::filesystem::path(folder) / (name + ".pdb.gz");
}

Experiment experiment_of(const Named& named, const std::string& rung) {
  Experiment out;
  SimulateParticlesRequest& simulation = out.simulation;
  for (const std::string& structure : named.structures) simulation.structures.push_back(structure_file(structure));
  simulation.copies = named.copies;
  simulation.empty = named.empty_boxes;
  simulation.density.box = named.box;
  simulation.density.voxel_size_A = named.voxel_size_A;
  simulation.density.resolution_A = out.compare_A = 2 * named.voxel_size_A;
  simulation.imaging.tilt_range_deg = {-named.tilt_deg, named.tilt_deg};
  simulation.imaging.snr = named.snr;
  simulation.imaging.rotation_axis = named.rotation_axis;
  out.average.average.classes = static_cast<int>(named.structures.size());
  out.symmetry = named.symmetry;
  out.target = named.target;
  if (rung == "half-snr") {
    simulation.imaging.snr /= 2;
  } else if (rung == "half-particles") {
    for (int& copies : simulation.copies) copies /= 2;
    simulation.empty /= 2;
  } else if (!rung.empty()) {
    throw UserError("rung " + rung + ": choose half-snr or half-particles");
  }
  return out;
}

int run(const std::vector<std::string>& words) {
  if (words.empty()) {
    for (const Named& named : all_experiments()) fmt::print("{:<16}{}\n", named.name, named.title);
    return 0;
  }
  const size_t colon = words[0].find(':');
  const std::string name = words[0].substr(0, colon),
                    rung = colon == std::string::npos ? "" : words[0].substr(colon + 1);
  for (const Named& named : all_experiments()) {
    if (named.name != name) continue;
    Experiment experiment = experiment_of(named, rung);
    RunOptions options;
    options.methods = {"default", "fa", "paper"};
    if (named.empty_boxes > 0) options.methods.push_back(fmt::format("classes={}", named.structures.size() + 1));
    if (!ExperimentParser("experiments " + name).parse({words.begin() + 1, words.end()}, experiment, options)) return 0;
    return run_experiment(rung.empty() ? named.title : fmt::format("{}; {}", named.title, rung), experiment, options);
  }
  throw UserError("no experiment is called " + name + "; without arguments all are listed");
}

}  // namespace
}  // namespace tessera::science

int main(int argc, char** argv) {
  return tessera::science::run_program(argc, argv, tessera::science::run);
}
