// SPDX-License-Identifier: GPL-3.0-or-later
// Template matching: known structures found in a tomogram, each in its pose.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tessera/parallel/exec_context.h"
#include "tessera/pick/match_options.h"
#include "tessera/pick/tomogram_transfer.h"
#include "tessera/so3/rotation.h"
#include "tessera/volume/tomogram.h"

namespace tessera {

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
  double independent_rotations = 1;                // that noise at the full band tells apart
  double median = 0, spread = 0;                   // of the scan's scores
  double clutter_mean = 0, clutter_deviation = 0;  // of scores of places that the template does not stand at
  double found_mean = 0, found_share = 0;          // of those that stand out from them; 0: none did
  double threshold = 0;                            // where the best so many are taken, only what noise alone reaches
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
// refined at the full band (pick/pose_search.h). Then all templates compete for room and the picks are chosen
// (pick/match_selection.h). `allowed` (may be empty, one for each voxel of the tomogram): 0 where nothing may be.
// border: voxels at every face where nothing may be. keep: the best so many; 0: all above thresholds, at least that of
// noise (options.false_positives). The same bits for any number of threads. UserError: a template larger than the
// tomogram, empty or constant. Memory: of the tomogram's voxels on the scan's grid 12 bytes each, and about 1 GB.
MatchResult match_templates(const Tomogram& tomogram, const std::vector<MatchTemplate>& templates,
                            const TomogramTransfer& transfer, const MatchOptions& options,
                            std::span<const uint8_t> allowed, int64_t border, int64_t keep, ExecContext& context);

}  // namespace tessera
