// SPDX-License-Identifier: GPL-3.0-or-later
// How well the voxels of a volume were labelled.
#pragma once

#include <cstdint>
#include <vector>

#include "tessera/volume/tomogram.h"

namespace tessera {

// Counts of voxels by true and found label.
struct LabelTable {
  int labels = 0;               // 0 … labels − 1; 0 is background
  std::vector<int64_t> counts;  // true × found

  int64_t at(int truth, int found) const { return counts[truth * labels + found]; }
  int64_t truth(int label) const;
  int64_t found(int label) const;
  int64_t total() const;
  double accuracy() const;       // share of voxels whose label is right: the pixel accuracy of [P] 4.2.1
  double iou(int label) const;   // both / either; 1 where neither has a voxel
  double dice(int label) const;  // 2 both / (true + found); 1 where neither has a voxel
  // Over labels but background that the truth has; 0 where it has none.
  double mean_iou() const;
  double mean_dice() const;
  // Of anything against background.
  double foreground_iou() const;
};

// Within the region. InternalError: other shapes, a label of `labels` or more.
LabelTable tabulate_labels(const Volume<uint8_t>& truth, const Volume<uint8_t>& found, const Region& region,
                           int labels);

// How far the outlines of a label lie from each other: the mean over all voxels of either outline of the distance to
// the nearest voxel of the other, in voxels. An outline is what of a label touches another label by a face, within the
// region. Negative where either has none. Exact (Felzenszwalb & Huttenlocher 2012); cost about 60 ns a voxel of the
// region and label. Oracle: all pairs (label_scores_test.cc).
double outline_distance(const Volume<uint8_t>& truth, const Volume<uint8_t>& found, const Region& region, int label);

}  // namespace tessera
