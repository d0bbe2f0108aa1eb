// SPDX-License-Identifier: GPL-3.0-or-later
// The tomogram as template matching looks at it: filtered, on voxels as large as the band allows.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "tessera/parallel/exec_context.h"
#include "tessera/volume/tomogram.h"

namespace tessera {

struct SearchVolume {
  Volume<float> voxels;
  double ratio = 1;         // edge of its voxel in voxels of the tomogram; a multiple of 1/4
  double voxel_size_A = 1;  // ratio · the tomogram's
  // Its voxel (x, y, z) lies at voxel ratio · (x, y, z) of the tomogram.
};

// The largest ratio (a multiple of 1/4, at least 1) at which `resolution_A` is still within the band.
double search_ratio(double voxel_size_A, double resolution_A);

// The tomogram less `mean`, times filter(k), k in cycles per voxel of the tomogram, and low-passed by a raised cosine
// that ends at the Nyquist frequency of the new voxels; without its DC component. Blocks of at most 256³ voxels of the
// tomogram overlap by 8 new voxels on each side, so that the filter must be smooth: what its kernel has beyond them is
// cut. IoError naming the number and first place of NaN and infinite voxels. Memory: the result and two blocks a
// thread. Cost: one transform of every block.
SearchVolume make_search_volume(const Tomogram& tomogram, double ratio, double mean,
                                const std::function<double(Vec3)>& filter, ExecContext& context);

// What `allowed` (one for each voxel of the tomogram, or empty) says of the nearest voxels; empty if that is.
std::vector<uint8_t> search_mask(const SearchVolume& volume, Shape3 tomogram, std::span<const uint8_t> allowed);

// The low-pass alone, at a share of the Nyquist frequency of the new voxels.
double search_band(double nyquist_share);

}  // namespace tessera
