// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/starter.h"

#include "tessera/average/recentre.h"

namespace tessera {

Starter::Starter(const StartInputs& inputs, ReferenceSet& references, ExecContext& context)
    : stack_(inputs.stack),
      options_(inputs.options),
      fold_of_(inputs.fold_of),
      folds_(inputs.folds),
      references_(references),
      log_(inputs.log),
      context_(context),
      symmetry_(options_.symmetry, options_.classes) {}

void Starter::align(AverageState& state, const std::vector<int64_t>& subset, const std::string& title, bool hard) {
  std::vector<double> prior(options_.classes, 1.0 / options_.classes);
  for (int k = 0; k < options_.classes; ++k)  // one pose stands for all equivalent ones
    if (state.classes[k].symmetric()) prior[k] *= static_cast<double>(symmetry_.group(k).size());
  state.assignments = expectation({.stack = stack_,
                                   .aligners = references_.aligners(),
                                   .class_prior = prior,
                                   .fold_of = fold_of_,
                                   .previous = state.assignments,
                                   .posterior = {hard || options_.method == "fa", options_.posterior_floor},
                                   .subset = subset,
                                   .volumes = candidate_volumes(options_.model),
                                   .keep_pose = options_.model.keep_pose},
                                  context_, title);
  log_.add({.title = title,
            .particles = subset.empty() ? stack_.count() : std::ssize(subset),
            .classes = options_.classes,
            .band_limit = state.band_limit});
  for (int k = 0; options_.model.recentre && k < options_.classes; ++k) {
    Vec3 offset = mean_offset(state.assignments, k);
    if (state.classes[k].symmetric()) offset = invariant_part(offset, symmetry_.group(k));
    move_reference(state.assignments, k, offset, options_.align.max_shift_voxels);
  }
}

void Starter::refer(const AverageState& state) {
  auto sums = sums_of(state);
  for (int k = 0; k < options_.classes; ++k)
    if (state.classes[k].symmetric()) symmetrise(sums[k], symmetry_.group(k), context_);
  std::vector<Resolution> resolution;
  for (const FoldSums& one : sums) resolution.push_back(measured(one, state));
  references_.build(sums, resolution, state, options_.folds > 1, context_);
}

void Starter::iterate(const std::vector<Volume<float>>& maps, AverageState& state, const std::vector<int64_t>& subset,
                      const std::string& title) {
  references_.build(maps, state, folds_, context_);
  align(state, subset, title);
  iterate(state, subset, title);
  if (symmetry_.any() && options_.symmetry_from == 0 && options_.symmetry_axes != "given") {
    make_symmetric(state);
    iterate(state, subset, title);
  }
}

void Starter::iterate(AverageState& state, const std::vector<int64_t>& subset, const std::string& title) {
  for (int i = 0; i < options_.start_iterations; ++i) {
    refer(state);
    align(state, subset, title);
  }
}

void Starter::make_symmetric(AverageState& state) {
  const auto sums = sums_of(state);
  for (int k = 0; k < options_.classes; ++k) {
    if (!symmetry_.has(k)) continue;
    const Resolution resolution = measured(sums[k], state);
    const Volume<float> inside = references_.mask(state, k);
    const SymmetryFit fit = find_axes(sums[k], resolution, inside, symmetry_.name(k), context_);
    SymmetryStatus found = judge_symmetry(sums[k], resolution, inside, symmetry_.group(k), &fit.standard_from_map);
    found.first_agreement = found.agreement;
    found.imposed = true;
    state.classes[k].symmetry = found;
    turn_reference(state.assignments, k, fit.standard_from_map, options_.align.max_shift_voxels);
  }
}

std::vector<FoldSums> Starter::sums_of(const AverageState& state) const {
  return accumulate(stack_, poses_of(state.assignments), fold_of_, folds_, options_.classes,
                    shells_to_sum(stack_, state.band_limit), context_);
}

Resolution Starter::measured(const FoldSums& sums, const AverageState& state) const {
  return measure_resolution(sums, references_.mask(state, 0), options_.wiener, options_.model.ridge_share());
}

}  // namespace tessera
