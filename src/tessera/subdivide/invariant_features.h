// SPDX-License-Identifier: GPL-3.0-or-later
// Rotation-invariant features of a box (Xu et al. 2009, "3D rotation invariant features for the characterization of
// molecular density maps"): for every shell r and degree l, F_l(r) = √Σ_m |a_lm(r)|².
#pragma once

#include "tessera/nn/examples.h"
#include "tessera/parallel/exec_context.h"
#include "tessera/subdivide/points.h"

namespace tessera {

// Neither shell spacing nor the greatest degree is published; these were chosen here.
struct InvariantOptions {
  int bandwidth = 9;           // degrees 0 … 8
  double shell_spacing = 1.5;  // voxels
  double outer_radius = 0.9;   // of half the edge
};

// Shells about voxel n/2, sampled by trilinear interpolation. Of a box turned about that voxel the features are the
// same but for interpolation; they are not invariant to shifts or the missing wedge. Rows in the order of the source.
// Cost about 0.5 ms a box of 40³.
Points invariant_features(const ExampleSource& source, const InvariantOptions& options, ExecContext& context);

}  // namespace tessera
