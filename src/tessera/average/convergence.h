// SPDX-License-Identifier: GPL-3.0-or-later
// Whether iterating further is of any use.
#pragma once

#include <optional>
#include <string>

#include "tessera/average/state.h"

namespace tessera {

// Likelihood, posterior width and changes between the assignments of two iterations. groups: of each class, modulo
// which rotations change; empty: none.
void describe_change(const std::vector<Assignment>& before, const std::vector<Assignment>& after, IterationReport& out,
                     const std::vector<std::vector<Rotation>>& groups = {});

// The angular coverage of one class. group: its symmetry, by which every particle counts in all equivalent rotations.
void describe_coverage(const std::vector<Assignment>& assignments, int class_index, ClassStatus& out,
                       const std::vector<Rotation>& group = {{}});

// Candidate poses can stand for a posterior that spreads over no more poses than this.
inline constexpr double most_effective_candidates = 50;

// Why iterating further is of no use; nothing while it is. The start over all poses was the whole run: posteriors
// spread over more poses than candidates can stand for. Otherwise either the maps rest: twice a correlation above 0.999
// with the ones before and less than 1 % of the particles in another class, at the same band limit; or the run has
// stalled: five iterations raised neither the band limit nor the mean log-likelihood by 0.2 %, and poses, classes and
// maps change no less than in the five before (particles of a symmetric structure may change their poses for ever).
std::optional<std::string> reason_to_stop(const std::vector<IterationReport>& reports);

}  // namespace tessera
