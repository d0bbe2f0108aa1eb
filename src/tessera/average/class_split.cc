// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/class_split.h"

#include <fmt/format.h>

#include "tessera/average/class_members.h"
#include "tessera/average/particle_start.h"
#include "tessera/average/start.h"

namespace tessera {
namespace {

AverageOptions as_two(const AverageOptions& options) {
  AverageOptions out = options;
  out.classes = 2;
  out.start_iterations = 3;
  return out;
}

}  // namespace

std::optional<ClassSplit> best_split(const StartInputs& inputs, const AverageState& state, ReferenceSet& references,
                                     ExecContext& context) {
  const AverageOptions two = as_two(inputs.options);
  ReferenceSet own = references.with_options(two);
  std::optional<ClassSplit> best;
  for (int k = 0; k < inputs.options.classes; ++k) {
    std::vector<int64_t> members = members_of(state.assignments, k);
    if (std::ssize(members) < int64_t{4} * inputs.folds) continue;
    const StartInputs of_class{inputs.stack, two, inputs.fold_of, inputs.folds, state.classes[k].mask_radius,
                               inputs.log};
    Random random(context.seed, "split of class", static_cast<uint64_t>(state.iteration * inputs.options.classes + k));
    TriedStart tried = best_start(of_class, fresh_state(inputs.stack, two, of_class.outer_radius), members, two.starts,
                                  fmt::format(" of class {} as two", k + 1), random, own, context);
    if (tried.agreement <= (best ? best->agreement : least_agreement)) continue;
    best = ClassSplit{k, std::move(members), std::move(tried.state.assignments), tried.agreement};
  }
  return best;
}

}  // namespace tessera
