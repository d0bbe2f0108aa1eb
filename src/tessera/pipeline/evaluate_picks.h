// SPDX-License-Identifier: GPL-3.0-or-later
// tessera evaluate picks: picks beside the particles that are there.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tessera/base/option.h"
#include "tessera/pick/pick_scores.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct EvaluatePicksRequest {
  std::string picks, truth;
  bool class_aware = false;
  std::optional<double> radius_A;
  double radius_share = 1;
  std::vector<double> sizes_A = PickScoreOptions().size_edges_A;
  bool ignore_names = false;
  std::string tomogram;
  int chance_draws = 10;
  std::string figure;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(
        Option{"picks", "file.star", "Particle list with coordinates; rlnAutopickFigureOfMerit orders it", "Arguments"},
        picks);
    visit(Option{"truth", "file.star", "Particle list of what is there, as simulate tomogram writes it", "Arguments"},
          truth);
    visit(Option{"class-aware", "", "A hit needs the right rlnClassNumber, too", "Evaluation"}, class_aware);
    visit(Option{"radius", "Å", "Of every true particle, instead of the truth's tesseraRadius", "Evaluation"},
          radius_A);
    visit(Option{"radius-share", "", "A hit lies within this share of the particle's radius", "Evaluation"},
          radius_share);
    visit(Option{"sizes", "Å", "Radii that part the groups by size", "Evaluation"}, sizes_A);
    visit(Option{"ignore-names", "", "Take both lists as of one tomogram, whatever they call it", "Evaluation"},
          ignore_names);
    visit(Option{"tomogram", "file.mrc", "The tomogram: picks outside it are told, its voxel size is checked",
                 "Evaluation"},
          tomogram);
    visit(Option{"chance-draws", "", "So often as many picks are thrown at random, to say what chance gives",
                 "Evaluation"},
          chance_draws);
    visit(Option{"figure", "file.png", "Draw true and picked centres over a slab of --tomogram", "Output"}, figure);
    visit(Option{"output", "folder", "Write run.json there; nothing is written if not given", "Output"}, output);
  }
};

struct EvaluatePicksOutcome {
  std::string picks, truth;
  double voxel_size_A = 0;
  bool scored = true;   // false: picks carry no score, the curve is one point
  int64_t outside = 0;  // picks with negative coordinates or outside --tomogram
  PickScores scores;
  double chance_f1 = 0;                  // mean over random picks, as many, uniform in the same box
  std::vector<std::string> class_names;  // of scores.classes; empty strings where not known
  std::vector<std::string> notes;
  nlohmann::ordered_json json() const;
};

// Positions are rlnCoordinate × voxel size minus rlnOrigin. Picks and particles meet within tomograms of the same
// rlnMicrographName (its file name). UserError, IoError, all faults at once: lists without coordinates, of different
// voxel sizes or tomograms, truth without radii, a tomogram of another voxel size.
EvaluatePicksOutcome run_evaluate_picks(const EvaluatePicksRequest& request, ExecContext& context,
                                        const CommandLine& command_line = {});

}  // namespace tessera
