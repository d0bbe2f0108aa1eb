// SPDX-License-Identifier: GPL-3.0-or-later
// The pose of every particle against one given map.
#pragma once

#include "tessera/average/expectation.h"
#include "tessera/average/options.h"

namespace tessera {

// One search of all particles at options.limit_resolution_A (none: two shells short of Nyquist), each shell weighted by
// the variance of the particles in it. The map is masked by a soft sphere of options.mask_diameter_A (none: the radius
// found from the map), or by `mask` if that is not empty. With options.symmetry it is averaged over the group, in
// standard axes, and of equivalent poses one is told. The scale between map and particles is free: the best pose alone
// is kept, chosen by correlation, and log_likelihood = ½ correlation², its maximum over the scale ([F] Eq. 15 with a·A
// for A). UserError when the map is empty inside the mask. Cost: one E-step (average/expectation.h).
std::vector<Assignment> align_to_map(ParticleStack& stack, const Volume<float>& map, const AverageOptions& options,
                                     ExecContext& context, const Volume<float>& mask = {});

}  // namespace tessera
