// SPDX-License-Identifier: GPL-3.0-or-later
// What the pages of a report show of volumes: slices as pictures, maps as bytes that a script can carry.
#pragma once

#include <string>
#include <string_view>

#include "tessera/io/png.h"
#include "tessera/volume/volume.h"

namespace tessera {

// Where grey runs from black to white: two percentiles of the volume, of every so manyth voxel where it is large.
struct GreyRange {
  double black = 0, white = 1;
};
GreyRange grey_range(const Volume<float>& volume, double low_share = 0.005, double high_share = 0.995);

// The slice across z, row 0 at the top of the picture being the largest y; averaged over `bin` × `bin` voxels.
GreyImage slice_picture(const Volume<float>& volume, int64_t z, const GreyRange& range, int64_t bin = 1);
// The middle slices across z, y and x side by side, each enlarged (bilinear) to whole pixels a voxel, at least `edge`
// high.
GreyImage middle_slices(const Volume<float>& cube, int64_t edge);

// The level that parts a map's values into two groups of least spread within (Otsu 1979), on 256 bins: of a map of one
// particle, its surface. The mean where all values are alike.
double surface_level(const Volume<float>& map);

// The map averaged over cubes of voxels so that no edge is above `most` voxels; as it is where none is.
Map shrunk(const Map& map, int64_t most);

// RFC 4648, with padding.
std::string base64(std::string_view bytes);

}  // namespace tessera
