// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/start.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tessera/average/marginal_start.h"
#include "tessera/average/particle_start.h"
#include "tessera/base/errors.h"
#include "tessera/base/partition.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

// Σ wX / Σ w over some particles at the identity.
HalfSpectrum mean_unturned(const ParticleStack& stack, const std::vector<int64_t>& members) {
  Accumulator sums(stack.box());
  for (const int64_t i : members) sums.add(stack.padded(i, stack.box() / 2), stack.weight(i), {}, 1.0, 0, stack.box());
  return solve(sums, std::vector<double>(stack.box(), 0.0), stack.box() / 2);
}

// [F] 2.4: particles dealt at random into classes of equal size, all at the identity; one σ², from the difference of a
// random particle and a random class average over what is observed of it.
void split_evenly(const ParticleStack& stack, int classes, uint64_t seed, AverageState& state) {
  Random random(seed, "start split");
  std::vector<int64_t> order(stack.count());
  std::iota(order.begin(), order.end(), 0);
  shuffle(order, random);
  std::vector<std::vector<int64_t>> members(classes);
  state.assignments.resize(stack.count());
  for (int64_t i = 0; i < stack.count(); ++i) {
    const int k = static_cast<int>(i % classes);
    members[k].push_back(order[i]);
    state.assignments[order[i]].poses = {{{}, 1.0, k}};
  }
  const auto particle = static_cast<int64_t>(random.below(stack.count()));
  auto& from = members[random.below(classes)];
  std::sort(from.begin(), from.end());
  const HalfSpectrum average = mean_unturned(stack, from);
  const ObservedComponents seen(stack.weight(particle), state.band_limit);
  double square = 0, count = 0;
  const auto loaded = stack.particle(particle);
  for (size_t k = 0; k < seen.size(); ++k) {
    square += std::norm(loaded->spectrum.data()[seen.index[k]] - seen.model_factor(k) * average.data()[seen.index[k]]);
    count += seen.noise_factor(k);
  }
  const double variance = square / (std::max(count, 1.0) * stack.noise_share());
  state.noise_variance.assign(state.noise_variance.size(), std::max(variance, 1e-12));
}

}  // namespace

AverageState fresh_state(const ParticleStack& stack, const AverageOptions& options, double outer_radius) {
  AverageState fresh;
  fresh.noise_variance = stack.observed_variance();
  fresh.band_limit = first_shell(stack, options);
  fresh.classes.assign(options.classes, {1.0 / options.classes, outer_radius});
  fresh.summed_shells = shells_to_sum(stack, fresh.band_limit);
  if (options.model.shift_prior) fresh.shift_deviation = static_cast<double>(stack.box());  // [F] 2.4
  return fresh;
}

AverageState start_state(const StartInputs& inputs, ReferenceSet& references, const std::vector<Volume<float>>& initial,
                         ExecContext& context) {
  const AverageOptions& options = inputs.options;
  ParticleStack& stack = inputs.stack;
  AverageState fresh = fresh_state(stack, options, inputs.outer_radius);
  Starter starter(inputs, references, context);
  if (!initial.empty()) {
    references.build(initial, fresh, inputs.folds, context);
    // The scale of a given map is anything: the posterior would weigh poses and classes by it, correlations do not.
    starter.align(fresh, {}, "aligning to the given map", true);
    return fresh;
  }
  if (options.start == "marginal")
    return marginal_start(stack, stack.all(), options, inputs.outer_radius, inputs.log, context).state;
  if (options.start == "random") {
    fresh.assignments.resize(stack.count());
    for (int64_t i = 0; i < stack.count(); ++i) {
      Random random(context.seed, "start poses", static_cast<uint64_t>(i));
      const Rotation rotation = Rotation::random(random);
      fresh.assignments[i].poses = {{{rotation, {}}, 1.0, static_cast<int>(random.below(options.classes))}};
    }
    return fresh;
  }
  if (options.start == "split") {
    split_evenly(stack, options.classes, context.seed, fresh);
    return fresh;
  }
  if (options.start != "particles" && options.start != "auto")
    throw UserError(fmt::format("--start '{}': choose auto, marginal, particles, random or split", options.start));
  AverageState best = particle_start(inputs, fresh, references, context);
  if (!tries_marginal_start(options)) return best;
  MarginalStart marginal =
      marginal_start(stack, stack.all(), options, inputs.outer_radius, inputs.log, context, &best.assignments);
  if (marginal.condensed && !marginal.beaten) return std::move(marginal.state);
  context.sink.message(Severity::info, fmt::format("the average over all poses {}: keeping the best start",
                                                   marginal.beaten ? "explains particles less well" : "stays round"));
  return best;
}

}  // namespace tessera
