// SPDX-License-Identifier: GPL-3.0-or-later
// How like two maps are: best rigid fit over all rotations and shifts, both hands, correlation, FSC, symmetry.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tessera/align/symmetry.h"
#include "tessera/base/option.h"
#include "tessera/parallel/exec_context.h"

namespace tessera {

struct CompareOptions {
  std::optional<double> resolution_A;  // both maps low-passed to it before correlating; none: to Nyquist
  std::optional<double> max_shift_A;   // none: a quarter of the box
  std::string symmetry;                // "C7", "D7", "T", "O", "I": score the map's own symmetry
  bool fit = true;                     // false: compare as they lie

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"resolution", "Å", "Low-pass both maps to this resolution before correlating; Nyquist if not given",
                 "Comparison"},
          resolution_A);
    visit(Option{"max-shift", "Å", "Largest shift tried; a quarter of the box if not given", "Fit"}, max_shift_A);
    visit(Option{"fit", "", "Search the best rotation and shift first", "Fit"}, fit);
    visit(Option{"symmetry", "", "Rotational symmetry to score in the map: C7, D7, T, O, I …", "Comparison"}, symmetry);
  }
};

struct HandComparison {
  Pose map_from_reference;        // shift in voxels of the map
  double correlation_masked = 0;  // inside the reference's soft envelope
  double correlation_box = 0;     // over the box
  std::vector<double> fsc;        // per shell, of the maps inside the envelope
  double fsc_half_A = 0, fsc_0143_A = 0;
};

struct Comparison {
  HandComparison same_hand, mirrored;  // the reference as given, and its mirror image
  double resolution_A = 0;
  std::optional<SymmetryFit> symmetry;
  bool mirrored_fits_better() const { return mirrored.correlation_masked > same_hand.correlation_masked; }
};

// `reference` is resampled to the voxel size and box of `map` first. Non-cubic maps are padded to a cube.
// Cost: about a second at 64³. Throws UserError on constant maps or an unreadable symmetry.
Comparison compare_maps(const Map& map, const Map& reference, const CompareOptions& options, ExecContext& context);

// A map on other voxels (`rescaled` of volume/rescale.h); one that is no cube is padded to one. Voxel sizes that differ
// by less than 0.1 % are taken for the same.
Volume<float> resample_map(const Map& map, int64_t box, double voxel_size_A);

// The pose in which `reference` is most like `map`, of the same box, over all rotations and shifts to max_shift voxels.
Pose best_fit(const Volume<float>& map, const Volume<float>& reference, double max_shift);

// The map turned and shifted by a pose, by its padded spectrum.
Volume<float> transformed_map(const Volume<float>& map, const Pose& pose);

// 1 where the low-passed map exceeds a tenth of its largest value, grown by `grow` voxels, with a soft edge.
Volume<float> envelope_mask(const Volume<float>& map, double grow, double edge);

}  // namespace tessera
