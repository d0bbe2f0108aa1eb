// SPDX-License-Identifier: GPL-3.0-or-later
// Classes held alike at first, so that they part by structure and not by orientation.
#pragma once

#include <vector>

#include "tessera/average/maximisation.h"

namespace tessera {

// Adds to the sums of every class, fold by fold, strength/K times those of all K classes together:
//   A_k = (Σ_k num + (r/K) Σ_k′ num_k′) / (Σ_k weight + (r/K) Σ_k′ weight_k′).
// The similarity term of Scheres et al. 2009 (Structure 17:1563), λ Σ_k′ A_k′ over λK with λ = r N/K², with the
// classes' sums for their averages: the two agree for classes of equal weight, and here a component that few particles
// of one class observe is taken from the other classes. The mean of the classes stays where it is. strength 0 changes
// nothing; at a great one all classes are the average of everything.
void hold_alike(std::vector<FoldSums>& classes, double strength);

// r of an iteration (0, 1, …): falls linearly from `strength` to 0 within `iterations`.
double annealed_strength(double strength, int iterations, int iteration);

}  // namespace tessera
