// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/fixed_start.h"

#include <algorithm>
#include <numeric>

#include "tessera/average/particle_start.h"
#include "tessera/average/start.h"
#include "tessera/base/errors.h"
#include "tessera/base/partition.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

double mean_log_likelihood(const AverageState& state) {
  double sum = 0;
  for (const Assignment& a : state.assignments) sum += a.log_likelihood;
  return sum / static_cast<double>(state.assignments.size());
}

std::vector<int> classes_of(const AverageState& state) {
  std::vector<int> out;
  for (const Assignment& a : state.assignments) out.push_back(a.poses.front().class_index);
  return out;
}

void split_evenly(AverageState& state, int classes, Random& random) {
  std::vector<int64_t> order(state.assignments.size());
  std::iota(order.begin(), order.end(), 0);
  shuffle(order, random);
  for (size_t i = 0; i < order.size(); ++i)
    state.assignments[order[i]].poses.front().class_index = static_cast<int>(i) % classes;
}

}  // namespace

AverageState fixed_pose_start(const StartInputs& inputs, const std::vector<WeightedPose>& poses,
                              ReferenceSet& references, const std::vector<Volume<float>>& initial,
                              ExecContext& context) {
  ParticleStack& stack = inputs.stack;
  const AverageOptions& options = inputs.options;
  if (std::ssize(poses) != stack.count())
    throw UserError(fmt::format("{} poses for {} particles: give one for each", poses.size(), stack.count()));
  AverageState fresh = fresh_state(stack, options, inputs.outer_radius);
  fresh.assignments.resize(poses.size());
  for (size_t i = 0; i < poses.size(); ++i) fresh.assignments[i].poses = {{poses[i].pose, 1.0, 0}};
  const auto assign = [&](AverageState& state, bool hard, const std::string& title) {
    const std::vector<double> prior(options.classes, 1.0 / options.classes);
    state.assignments = expectation({.stack = stack,
                                     .aligners = references.aligners(),
                                     .class_prior = prior,
                                     .fold_of = inputs.fold_of,
                                     .previous = state.assignments,
                                     .posterior = {hard || options.method == "fa", options.posterior_floor},
                                     .fixed_poses = true},
                                    context, title);
    inputs.log.add({title, stack.count(), options.classes, state.band_limit});
  };
  if (!initial.empty()) {
    references.build(initial, fresh, inputs.folds, context);
    // The scale of a given map is anything: correlations do not depend on it.
    assign(fresh, true, "comparing with the given maps");
    return fresh;
  }
  if (options.classes == 1) return fresh;
  const Volume<float> inside = references.mask(fresh, 0);
  Random random(context.seed, "start classes");
  AverageState best;
  double best_score = 0;
  std::vector<std::vector<int>> labels;
  for (int s = 0; s < std::max(1, options.starts); ++s) {
    AverageState state = fresh;
    split_evenly(state, options.classes, random);
    for (int i = 0; i < std::max(1, 3 * options.start_iterations); ++i) {
      const auto sums = accumulate(stack, poses_of(state.assignments), inputs.fold_of, inputs.folds, options.classes,
                                   shells_to_sum(stack, state.band_limit), context);
      std::vector<Resolution> resolution;
      for (const FoldSums& one : sums)
        resolution.push_back(measure_resolution(one, inside, options.wiener, options.model.ridge_share()));
      references.build(sums, resolution, state, options.folds > 1, context);
      assign(state, false, fmt::format("start {} of {}", s + 1, std::max(1, options.starts)));
    }
    labels.push_back(classes_of(state));
    const double score = mean_log_likelihood(state);
    context.sink.message(Severity::info,
                         fmt::format("start {} from random classes: mean log-likelihood {:.3f}", s + 1, score));
    if (s > 0 && score <= best_score) continue;
    best_score = score;
    best = std::move(state);
  }
  report_agreement(labels, context.sink);
  return best;
}

}  // namespace tessera
