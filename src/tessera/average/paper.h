// SPDX-License-Identifier: GPL-3.0-or-later
// The published method as a preset of options.
#pragma once

#include "tessera/average/options.h"

namespace tessera {

// Sets every option in which the default deviates from [F] to what [F] says, for options.method:
//   faml: Eq. 1–15. Magnitudes of all shells on a grid of 5° (L = 36), their means kept; the greatest scores within
//         ±20°, at most 50; no refinement; Voronoi volumes from 10,000 samples; imputation; one σ² over all
//         components; normal prior on shifts; start by an even random split at the identity (2.4); 20 iterations.
//   fa:   the fast alignment that [F] compares with: the same search and start, the best candidate alone, Σ wX / Σ w.
// Both: one reference for all particles, no Wiener filter, no masks, no recentring. What [F] leaves open stays as it
// was: the limit of shifts, the normalisation of the particles.
void set_paper_mode(AverageOptions& options);

}  // namespace tessera
