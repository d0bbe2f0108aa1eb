// SPDX-License-Identifier: GPL-3.0-or-later
// One picture of a simulated tomogram: specimen, image at 0°, tomogram, labels.
#pragma once

#include <string>
#include <vector>

#include "tessera/io/png.h"
#include "tessera/volume/volume.h"

namespace tessera {

// Slices as (1, rows, columns) volumes.
Volume<float> plane_of(const Volume<float>& volume, int64_t z);
Volume<float> side_of(const Volume<float>& volume, int64_t y);  // (1, z, x)

struct PreviewPanel {
  std::string title;
  Volume<float> plane;
  bool labels = false;  // greys by number instead of by value
};

// Panels in two rows, y (or z) up, each `panel_pixels` wide or less by whole numbers; grey from mean − 3 to mean + 3
// standard deviations.
GreyImage preview_picture(const std::vector<PreviewPanel>& panels, int64_t panel_pixels = 480);

}  // namespace tessera
