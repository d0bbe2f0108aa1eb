// SPDX-License-Identifier: GPL-3.0-or-later
// Template matching: known structures found in a tomogram, each in its pose.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tessera/base/describe.h"
#include "tessera/base/errors.h"
#include "tessera/parallel/exec_context.h"
#include "tessera/pick/tomogram.h"
#include "tessera/pick/tomogram_transfer.h"
#include "tessera/so3/rotation.h"

namespace tessera {

struct MatchOptions {
  double angular_step_deg = 25;
  std::optional<double> search_resolution_A, resolution_A;
  bool whiten = true;
  bool refine = true;
  std::vector<double> mask_diameter_A;
  std::vector<std::string> symmetry;
  double candidate_spreads = 2;
  double overlap = 0.5;
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
    visit(Option{"template-overlap", "", "Drop a place nearer to a better one than this share of both radii together",
                 group},
          overlap);
    visit(Option{"false-positives", "",
                 "Threshold: noise alone would give so many picks of each template in the whole tomogram; it is raised "
                 "to where the scores of what is found part from those of everything else",
                 group},
          false_positives);
    visit(Option{"score-threshold", "", "Least score of a pick, instead of both", group}, score_threshold);
  }
  void add_faults(Faults& faults, size_t templates) const;
};

struct MatchTemplate {
  std::string name;
  Volume<float> map;  // cube on the tomogram's voxels, protein bright, the centre of its poses at voxel n/2
};

struct Match {
  Vec3 position_voxels;  // of the tomogram
  Rotation particle_from_ref;
  int32_t label = 0;  // which template
  float score = 0;    // in standard deviations of noise
  float radius_voxels = 0;
};

// What was done for a template.
struct MatchReport {
  std::string name, symmetry;
  double radius_A = 0, search_resolution_A = 0, search_voxel_A = 0, step_deg = 0;
  int64_t rotations = 0, candidates = 0, picks = 0;
  double median = 0, spread = 0;                   // of the scan's scores
  double clutter_mean = 0, clutter_deviation = 0;  // of the candidates' scores, from their lower quartile
  double threshold = 0;                            // 0 where the best so many are taken
  bool two_populations = false;  // it parts what is found from everything else; otherwise it keeps clear of the clutter
  double scan_seconds = 0, refine_seconds = 0;
  // The 20th best correlation with the template averaged over all directions, and with its negative: protein is dark
  // where the latter is larger.
  double bright = 0, dark = 0;
};

struct MatchResult {
  std::vector<Match> matches;  // best first
  std::vector<MatchReport> templates;
  std::vector<std::string> notes;
};

// For each template: a scan of all places and rotations on coarse voxels (pick/template_scan.h); its best maxima
// refined at the full band (pick/pose_search.h). Then all templates compete: of places too near to one another that
// of the best score stays. `allowed` (may be empty, one for each voxel of the tomogram): 0 where nothing may be.
// border: voxels at every face where nothing may be. keep: the best so many instead of a threshold. keep = 0: of each
// template those above the larger of two thresholds: that of noise (options.false_positives), and the one that parts
// the scores of the places it won into two populations (pick/score_threshold.h) or, where these are one, 3.5 deviations
// above the mean of the clutter.
// The same bits for any number of threads. UserError: a template larger than the tomogram, empty or constant.
// Memory: of the tomogram's voxels on the scan's grid 12 bytes each, and about 1 GB.
MatchResult match_templates(const Tomogram& tomogram, const std::vector<MatchTemplate>& templates,
                            const TomogramTransfer& transfer, const MatchOptions& options,
                            std::span<const uint8_t> allowed, int64_t border, int64_t keep, ExecContext& context);

}  // namespace tessera
