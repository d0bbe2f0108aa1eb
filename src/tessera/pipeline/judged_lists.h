// SPDX-License-Identifier: GPL-3.0-or-later
// Two particle lists made ready for the scorer: places in Å, tomograms by number, radii, scores.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tessera/pick/pick_scores.h"

namespace tessera {

struct JudgedLists {
  std::vector<ScoredPick> picks;
  std::vector<TrueParticle> particles;
  double voxel_size_A = 0;               // of the tomogram
  bool scored = true;                    // false: the picks carry no rlnAutopickFigureOfMerit
  std::vector<std::string> class_names;  // of the truth's classes, ascending by number; empty where not known
  std::vector<std::string> notes;        // what the user should know
};

struct ListOptions {
  std::optional<double> radius_A;          // of every true particle, instead of the truth's tesseraRadius
  bool ignore_names = false;               // all of one tomogram
  std::optional<double> tomogram_voxel_A;  // of lists that do not tell it
};

// Places are rlnCoordinate × voxel size minus rlnOrigin; the voxel size is that of the coordinates (read_picks), so
// that what `extract --bin` wrote can be judged. Of a list that tells none it is the tomogram's or the other list's.
// Tomograms are told apart by the file name in rlnMicrographName. IoError with all faults at once: lists without places
// or of different voxel sizes, tomograms that the truth does not know, truth without radii, columns that are not
// numbers.
JudgedLists read_judged_lists(const std::string& picks, const std::string& truth, const ListOptions& options);

}  // namespace tessera
