// SPDX-License-Identifier: GPL-3.0-or-later
// A map on another grid of voxels.
#pragma once

#include "tessera/volume/volume.h"

namespace tessera {

// `map`, sampled every `voxel_size_A`, as `box`³ voxels of `new_voxel_size_A`, the centre voxel (n/2) staying the
// centre:
//   out(x) = Σ_k F(k) e^{2πi k·(x − c_new)·s/n},  s = new/old voxel size, over |k_x|, |k_y|, |k_z| < n/2 and ≤ n/(2s),
// F the centred spectrum of a cube of n voxels: the trigonometric interpolation of the map, band-limited to what the
// new voxels can carry. The ratio of the sizes may be any. Values keep their scale, so that the integral Σ v·a³ in Å³
// is kept (of a map that fits into the new box) and the sum of voxels is not. What lies outside the old box is taken as
// 0. `map` must be a cube and the sizes positive: InternalError. Cost: about 3·n³·box multiply-adds (0.2 s at 128³).
Volume<float> rescaled(const Volume<float>& map, double voxel_size_A, int64_t box, double new_voxel_size_A);

}  // namespace tessera
