// SPDX-License-Identifier: GPL-3.0-or-later
// What a user may choose of template matching.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/option.h"

namespace tessera {

struct MatchOptions {
  double angular_step_deg = 25;
  std::optional<double> search_resolution_A, resolution_A;
  bool whiten = true;
  bool refine = true;
  std::vector<double> mask_diameter_A;
  std::vector<std::string> symmetry;
  double candidate_spreads = 2;
  double overlap = 0.2;
  double false_positives = 1;
  std::optional<double> score_threshold;

  template <typename Visitor>
  void describe(Visitor& visit) {
    const char* group = "Template matching";
    visit(Option{"symmetry", "",
                 "Point group of each template in RELION's axes, or one for all: rotations that look "
                 "alike are tried once",
                 group},
          symmetry);
    visit(Option{"mask-diameter", "Å", "Of the sphere in which each template is compared; found from it if not given",
                 group},
          mask_diameter_A);
    visit(
        Option{"search-resolution", "Å",
               "Band of the scan over all places and rotations; a seventh of the template's diameter if not given, but "
               "never finer than two voxels",
               group},
        search_resolution_A);
    visit(Option{"angular-step", "degrees", "Of that scan; the refinement finds the rest", group}, angular_step_deg);
    visit(Option{"whiten", "", "Weigh every frequency by the tomogram's own spectrum", group}, whiten);
    visit(Option{"refine", "", "Refine poses and scores of the best places at the full band; otherwise take the scan's",
                 group},
          refine);
    visit(Option{"resolution", "Å", "Band of the refinement; two voxels if not given", group}, resolution_A);
    visit(Option{"candidate-spreads", "", "Refine places that exceed the median of the scan by so many spreads", group},
          candidate_spreads);
    visit(Option{"template-overlap", "",
                 "Drop a place where more than this share of the structure's volume lies in structures of better score",
                 group},
          overlap);
    visit(
        Option{"false-positives", "",
               "Where the scores of what a template found do not part from those of everything else: noise alone would "
               "give so many picks of it in the whole tomogram",
               group},
        false_positives);
    visit(Option{"score-threshold", "", "Least score of a pick, instead", group}, score_threshold);
  }
  void add_faults(Faults& faults, size_t templates) const;
};

}  // namespace tessera
