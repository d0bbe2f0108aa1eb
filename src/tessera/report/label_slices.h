// SPDX-License-Identifier: GPL-3.0-or-later
// Slices through a labelled volume in colours, with a legend and a scale bar.
#pragma once

#include <string>
#include <vector>

#include "tessera/report/ball_view.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct LabelPanel {
  std::string title;       // drawn above (drawing.h says in which letters)
  Volume<int32_t> labels;  // one plane (1, rows, columns), drawn with row 0 at the bottom; 0 is nothing
};

struct LabelKind {
  int32_t label = 0;
  std::string name;
  Colour colour{};
};

// Panels from left to right, a square of whole pixels for each voxel; below, a scale bar and the kinds in order. A
// label without a kind is drawn in grey. UserError: no panels, planes that are none, a voxel size that is not positive.
ColourImage label_figure(const std::vector<LabelPanel>& panels, const std::vector<LabelKind>& kinds,
                         double voxel_size_A, int64_t pixels_a_voxel = 1);

}  // namespace tessera
