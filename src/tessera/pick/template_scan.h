// SPDX-License-Identifier: GPL-3.0-or-later
// The constrained correlation of a template with a tomogram, for many rotations, at every voxel.
#pragma once

#include <vector>

#include "tessera/parallel/exec_context.h"
#include "tessera/pick/search_template.h"

namespace tessera {

// How a volume is cut into overlapping blocks, each transformed at once.
struct BlockLayout {
  Shape3 block;  // of the transforms
  Shape3 core;   // of the result that one block gives: block − template box
  Shape3 count;  // blocks along each axis
};
// Of those with block edges of small prime factors and at most max_voxels a block the one with the least work,
// blocks · n log n.
BlockLayout plan_blocks(Shape3 volume, int64_t template_box, int64_t max_voxels = int64_t{1} << 19);

struct ScanResult {
  Volume<float> score;       // best over the rotations, −1 … 1; 0 where the tomogram is flat
  Volume<int32_t> rotation;  // the index of that rotation, the first of equals
};

// score(x) = max_R Σ_y s_R(y) f(x + y) / √(Σ_y M(y) f(x + y)² − (Σ_y M(y) f(x + y))²/Σ M), s_R and M of the template
// (Roseman 2003, Eq. 6, the template filtered as the tomogram was: the wedge-constrained correlation of Förster et al.
// 2005). The volume is 0 beyond its faces. Blocks by overlap-save: the same result for any layout but for rounding, and
// the same bits for any number of threads.
// Of several ranks each tries its share of the rotations; all get the whole result, the same bits for any number.
// Cost: for each rotation one transform of the turned template, and for each block one more and a pass over its voxels.
// Memory: 4 bytes a voxel of the blocks and 8 a voxel and thread, in groups of blocks that keep it below memory_bytes
// if that can be, and 8 a voxel for the result. Oracle: tests/reference/matching_loops.h.
ScanResult scan_template(const Volume<float>& volume, const SearchTemplate& pattern,
                         const std::vector<Rotation>& rotations, const BlockLayout& layout, ExecContext& context,
                         double memory_bytes = 1e9);

}  // namespace tessera
