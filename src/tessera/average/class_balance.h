// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps the classes of a run alive.
#pragma once

#include <vector>

#include "tessera/average/state.h"

namespace tessera {

// A class with fewer particles than this cannot be averaged in two half-sets.
constexpr double least_particles = 4;

// Gives every class with fewer than least_particles the worst-fitting half of the largest class (by the correlation of
// their first pose), each particle with its poses there, and returns the classes reseeded. A largest class of fewer
// than 4 · least_particles is not split.
std::vector<int> reseed_dead_classes(std::vector<Assignment>& assignments, int classes);

}  // namespace tessera
