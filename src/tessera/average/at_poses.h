// SPDX-License-Identifier: GPL-3.0-or-later
// One average, without iterations.
#pragma once

#include "tessera/average/options.h"
#include "tessera/average/state.h"

namespace tessera {

// The averages at given poses and classes (each with probability 1): what perfect alignment would give, with the same
// M-step and filter. Classes with a point group are made symmetric; options.symmetry_axes = "found": turned into its
// axes before. mask: of the FSC; empty: a soft sphere. used: the poses averaged at, turned or not.
std::vector<AverageMaps> average_at_poses(const ParticleStack& stack, const std::vector<WeightedPose>& poses,
                                          const AverageOptions& options, ExecContext& context,
                                          const Volume<float>& mask = {}, std::vector<WeightedPose>* used = nullptr);

}  // namespace tessera
