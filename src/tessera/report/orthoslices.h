// SPDX-License-Identifier: GPL-3.0-or-later
// A picture of several maps side by side: central slices across z, y and x, with titles and a scale bar.
#pragma once

#include <string>
#include <vector>

#include "tessera/io/png.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct OrthoslicePanel {
  std::string title;     // drawn above its column (drawing.h says in which letters)
  Volume<float> voxels;  // (z, y, x), a cube; all panels of a figure have the same edge
};

struct OrthosliceOptions {
  int64_t panel_pixels = 192;      // least edge of a slice on the picture; rounded up to whole pixels a voxel
  double black_sigma = -2;         // grey runs from mean + black_sigma·sd …
  double white_quantile = 0.9995;  // … to this quantile of the map's voxels, each map for itself
};

// One column a map, three rows: the slice through voxel n/2 across z (x right, y up), across y (x right, z up) and
// across x (y right, z up). Bright is dense. Slices are enlarged by Catmull–Rom interpolation (Keys 1981, a = −1/2),
// which keeps the voxels' own values at their centres. A bar below says how long a round number of Å is.
// UserError: no panels, maps that are no cubes or differ in size, a voxel size that is not positive.
GreyImage orthoslice_figure(const std::vector<OrthoslicePanel>& panels, double voxel_size_A,
                            const OrthosliceOptions& options = {});

// The length (Å) of the scale bar of a field of view: 1, 2 or 5 times a power of ten, a fifth to a half of the field.
double scale_bar_A(double field_A);

}  // namespace tessera
