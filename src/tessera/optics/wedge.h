// SPDX-License-Identifier: GPL-3.0-or-later
// The part of Fourier space that a tilt series observes (geometry and signs: optics/tilt_geometry.h).
#pragma once

#include "tessera/volume/volume.h"

namespace tessera {

struct WedgeRange {
  double min_tilt = 0, max_tilt = 0;  // radians, −π/2 ≤ min ≤ max ≤ π/2
};

// True where frequency (kx, kz), in components of the box, lies within `margin` components of an observed direction.
bool wedge_observes(const WedgeRange& range, double kx, double kz, double margin = 0);

// The ideal binary wedge: 1 at the observed components, 0 elsewhere, and 0 from the Nyquist frequency outwards when
// `within_nyquist`. n³ voxels, DC at voxel n/2 (the layout of rlnCtfImage).
Volume<float> wedge_mask(int64_t box, const WedgeRange& range, bool within_nyquist = true);

}  // namespace tessera
