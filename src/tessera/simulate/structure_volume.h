// SPDX-License-Identifier: GPL-3.0-or-later
// The volume inside a molecule's isosurface: what it really fills.
#pragma once

#include "tessera/io/atoms.h"
#include "tessera/volume/volume.h"

namespace tessera {

// The voxels where the mass density at 12 Å resolution (density.h, kernel situs, 4 Å voxels or as fine as 512³ allow)
// exceeds half of that inside protein, 0.81 Da/Å³: the surface half-way between inside and outside. Boundary voxels
// count by the share that linear interpolation gives, so that the volume is exact
// to about 3 %, most of it the curvature of the surface.
struct StructureVolume {
  Volume<uint8_t> inside;  // 1 inside; the heavy atoms' centre of mass at voxel n/2
  double voxel_size_A = 0;
  double volume_A3 = 0;
};

StructureVolume structure_volume(const AtomicModel& model);

}  // namespace tessera
