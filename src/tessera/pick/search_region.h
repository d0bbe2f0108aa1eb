// SPDX-License-Identifier: GPL-3.0-or-later
// Where in a tomogram particles are looked for, and its voxels made fit for that.
#pragma once

#include <cstdint>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/option.h"
#include "tessera/parallel/threads.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct RegionOptions {
  std::string contrast = "bright";
  bool exclude_gold = false;
  double gold_sigmas = 8;
  double gold_margin_A = 100;
  double clamp_sigmas = 0;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"contrast", "", "bright or dark: what particles are against their surroundings", "Region"}, contrast);
    visit(Option{"exclude-gold", "", "Keep away from outliers: beads of gold, hot pixels, contamination", "Region"},
          exclude_gold);
    visit(Option{"gold-sigmas", "", "An outlier is so many standard deviations from the mean, outliers left out",
                 "Region"},
          gold_sigmas);
    visit(Option{"gold-margin", "Å", "Leave out what lies nearer than this to an outlier", "Region"}, gold_margin_A);
    visit(Option{"clamp", "", "Cut values beyond so many standard deviations to there; 0: no", "Region"}, clamp_sigmas);
  }
  void add_faults(Faults& faults) const;
  bool dark() const { return contrast == "dark"; }
};

// What was left out, and why; a voxel counts under the first that holds.
struct SearchRegion {
  std::vector<uint8_t> allowed;  // 1 where particles may be; empty: everywhere
  int64_t voxels = 0;            // of the tomogram
  int64_t outside_mask = 0, not_finite = 0, near_outliers = 0;
  int64_t outliers = 0;            // beyond gold_sigmas, whether left out or not
  double mean = 0, deviation = 0;  // of the allowed voxels, outliers left out, as they were read
  int64_t searched() const { return voxels - outside_mask - not_finite - (excludes_gold ? near_outliers : 0); }
  bool excludes_gold = false;
};

// Changes the voxels in place: the mean of the allowed ones is subtracted, values are negated where particles are dark
// and clamped where asked; voxels not allowed become 0. `mask` (may be empty) holds 1 where it lets search.
// Mean and deviation are found by leaving out outliers until nothing changes (at most 20 rounds; Σ over planes in
// fixed order), or are those of all voxels where that would leave out a twentieth of them or all that varies.
// UserError: nothing is left, nothing varies, or a twentieth of the voxels would count as gold. Cost: about 6 passes
// over the voxels; memory: one byte a voxel where anything is left out.
SearchRegion prepare_search(Volume<float>& tomogram, std::vector<uint8_t> mask, const RegionOptions& options,
                            double voxel_size_A, Threads& threads);

// The mask of a map: 1 where it exceeds ½. UserError naming `source` when the shapes differ, when it holds not-finite
// values, or when nothing exceeds ½.
std::vector<uint8_t> mask_of(const Volume<float>& map, Shape3 shape, const std::string& source);

}  // namespace tessera
