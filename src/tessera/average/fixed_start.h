// SPDX-License-Identifier: GPL-3.0-or-later
// How classification begins when the poses are known.
#pragma once

#include "tessera/average/starter.h"

namespace tessera {

// Classes for the first iteration; poses[i] is that of particle i and stays. One class: that. `initial`, one map for
// each class: every particle goes to the one it correlates with best. Otherwise options.starts even random splits, each
// followed by three times options.start_iterations at the initial band limit with the noise held at its upper bound;
// the one with the greatest mean log-likelihood is kept. UserError unless there is a pose for every particle.
AverageState fixed_pose_start(const StartInputs& inputs, const std::vector<WeightedPose>& poses,
                              ReferenceSet& references, const std::vector<Volume<float>>& initial,
                              ExecContext& context);

}  // namespace tessera
