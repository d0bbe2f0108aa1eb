// SPDX-License-Identifier: GPL-3.0-or-later
// A class that has died is seeded from one that holds two structures.
#pragma once

#include <optional>
#include <vector>

#include "tessera/average/starter.h"

namespace tessera {

struct ClassSplit {
  int from = 0;
  std::vector<int64_t> members;         // of that class
  std::vector<Assignment> assignments;  // of these, in class 0 or 1
  double agreement = 0;                 // mean adjusted Rand index of the starts
};

// Each class in turn is begun as two (average/particle_start.h), options.starts times. Of two structures independent
// starts part the particles alike, of one by chance: the adjusted Rand index was 0.86 where proteasomes and p97 had
// been taken for one, 0.04 and −0.02 for ribosomes and for GroEL alone. The class whose starts agree most, if by more
// than least_agreement; none with fewer than four times as many particles as there are folds. log of inputs: gets the
// passes. references: to be built anew before they are used again. Same bits for any number of threads and ranks.
// Collective. Cost: for each particle 2 · starts · (1 + start_iterations) comparisons.
std::optional<ClassSplit> best_split(const StartInputs& inputs, const AverageState& state, ReferenceSet& references,
                                     ExecContext& context);
constexpr double least_agreement = 0.5;

}  // namespace tessera
