// SPDX-License-Identifier: GPL-3.0-or-later
// Marks on a slab of a tomogram: the same grey picture in every panel, each with its own discs and circles.
#pragma once

#include <string>
#include <vector>

#include "tessera/report/ball_view.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct SlabMark {
  double x_voxels = 0, y_voxels = 0;  // of the plane, voxel centres at whole numbers
  Colour colour{};
  bool filled = true;        // the disc at the place; otherwise its rim alone
  double circle_voxels = 0;  // radius of a circle about it; 0: none
};

struct SlabPanel {
  std::string title;  // drawn above (drawing.h says in which letters)
  std::vector<SlabMark> marks;
};

// The mean of planes first … last, shape (1, y, x); what is not finite counts as 0. InternalError: planes that the
// volume has not.
Volume<float> mean_plane(const Volume<float>& volume, int64_t first, int64_t last);

// The plane in grey, from the hundredth to the ninety-ninth percentile, x to the right, y up, whole pixels a voxel so
// that it is at least 560 pixels wide; once for each panel, marks above it. Below, a scale bar and the caption.
// UserError: no panels, a plane that is none, a voxel size that is not positive.
ColourImage slab_figure(const Volume<float>& plane, const std::vector<SlabPanel>& panels, double voxel_size_A,
                        const std::string& caption);

}  // namespace tessera
