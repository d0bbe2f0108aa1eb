// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/start.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tessera/average/class_symmetry.h"
#include "tessera/average/marginal_start.h"
#include "tessera/average/noise_control.h"
#include "tessera/average/recentre.h"
#include "tessera/base/errors.h"
#include "tessera/base/partition.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

double mean_squared_correlation(const AverageState& state) {
  double sum = 0, count = 0;
  for (const Assignment& a : state.assignments) {
    if (a.poses.empty()) continue;
    sum += a.correlation * std::max(0.0, a.correlation);
    ++count;
  }
  return sum / count;
}

// A start whose particles correlate with it this many times better than noise does serves; weaker ones are left for one
// over all poses.
constexpr double strong_correlation = 2.75;
bool tells_well_from_noise(const NoiseControl& control, Sink& sink) {
  sink.message(Severity::info, fmt::format("particles correlate {:.2f} with the best start, noise {:.2f}",
                                           control.correlation, control.of_noise));
  return control.correlation >= strong_correlation * control.of_noise;
}

// One particle as a map, its unobserved components empty.
Volume<float> map_of_particle(const ParticleStack& stack, int64_t i, int64_t max_shell) {
  Accumulator sums(stack.box());
  sums.add(stack.padded(i, stack.box() / 2), stack.weight(i), {}, 1.0, 0, stack.box());
  std::vector<double> ridge = mean_weight(sums);
  for (double& r : ridge) r = std::max(r, 1e-30);
  return centred_volume(solve(sums, ridge, max_shell));
}

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

// `count` different particles.
std::vector<int64_t> draw_particles(int64_t all, int count, Random& random) {
  std::vector<int64_t> out;
  while (static_cast<int>(out.size()) < count) {
    const auto i = static_cast<int64_t>(random.below(static_cast<uint64_t>(all)));
    if (std::find(out.begin(), out.end(), i) == out.end()) out.push_back(i);
  }
  return out;
}

// Of the particles that took part.
std::vector<int> classes_of(const AverageState& state) {
  std::vector<int> out;
  for (const Assignment& a : state.assignments)
    if (!a.poses.empty()) out.push_back(a.poses.front().class_index);
  return out;
}

std::string numbers(const std::vector<int64_t>& indices) {
  std::string out;
  for (const int64_t i : indices) out += fmt::format("{}{}", out.empty() ? "" : ", ", i + 1);
  return out;
}

class Starter {
 public:
  Starter(ParticleStack& stack, const AverageOptions& options, const std::vector<int>& fold_of, int folds,
          ReferenceSet& references, ExecContext& context)
      : stack_(stack),
        options_(options),
        fold_of_(fold_of),
        folds_(folds),
        references_(references),
        context_(context),
        symmetry_(options.symmetry, options.classes) {}

  // subset: of the particles; empty: all.
  void align(AverageState& state, const std::vector<int64_t>& subset, const std::string& title, bool hard = false) {
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
    for (int k = 0; options_.model.recentre && k < options_.classes; ++k) {
      Vec3 offset = mean_offset(state.assignments, k);
      if (state.classes[k].symmetric()) offset = invariant_part(offset, symmetry_.group(k));
      move_reference(state.assignments, k, offset, options_.align.max_shift_voxels);
    }
  }

  // `iterations` of EM at the initial band limit, the noise kept so that starts can be compared.
  void iterate(AverageState& state, const std::vector<int64_t>& subset, const std::string& title) {
    for (int i = 0; i < options_.start_iterations; ++i) {
      refer(state);
      align(state, subset, title);
    }
  }

  // References made from the state's poses.
  void refer(const AverageState& state) {
    auto sums = sums_of(state);
    for (int k = 0; k < options_.classes; ++k)
      if (state.classes[k].symmetric()) symmetrise(sums[k], symmetry_.group(k), context_);
    std::vector<Resolution> resolution;
    for (const FoldSums& one : sums) resolution.push_back(measured(one, state));
    references_.build(sums, resolution, state, options_.folds > 1, context_);
  }

  // Whether classes are turned into the axes of their groups while starts are tried.
  bool makes_symmetric() const {
    return symmetry_.any() && options_.symmetry_from == 0 && options_.symmetry_axes != "given";
  }
  void make_symmetric(AverageState& state) {
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

 private:
  std::vector<FoldSums> sums_of(const AverageState& state) const {
    return accumulate(stack_, poses_of(state.assignments), fold_of_, folds_, options_.classes,
                      shells_to_sum(stack_, state.band_limit), context_);
  }
  Resolution measured(const FoldSums& sums, const AverageState& state) const {
    return measure_resolution(sums, references_.mask(state, 0), options_.wiener, options_.model.ridge_share());
  }

  ParticleStack& stack_;
  const AverageOptions& options_;
  const std::vector<int>& fold_of_;
  int folds_;
  ReferenceSet& references_;
  ExecContext& context_;
  ClassSymmetry symmetry_;
};

}  // namespace

void report_agreement(const std::vector<std::vector<int>>& labels, Sink& sink) {
  double sum = 0;
  int pairs = 0;
  for (size_t a = 0; a < labels.size(); ++a)
    for (size_t b = 0; b < a; ++b, ++pairs) sum += adjusted_rand_index(labels[a], labels[b]);
  if (pairs > 0)
    sink.message(Severity::info, fmt::format("classes of {} starts agree with an adjusted Rand index of {:.3f}",
                                             labels.size(), sum / pairs));
}

AverageState fresh_state(const ParticleStack& stack, const AverageOptions& options, double outer_radius) {
  AverageState fresh;
  fresh.noise_variance = stack.observed_variance();
  fresh.band_limit = first_shell(stack, options);
  fresh.classes.assign(options.classes, {1.0 / options.classes, outer_radius});
  fresh.summed_shells = shells_to_sum(stack, fresh.band_limit);
  if (options.model.shift_prior) fresh.shift_deviation = static_cast<double>(stack.box());  // [F] 2.4
  return fresh;
}

AverageState start_state(ParticleStack& stack, const AverageOptions& options, const std::vector<int>& fold_of,
                         int folds, double outer_radius, ReferenceSet& references,
                         const std::vector<Volume<float>>& initial, ExecContext& context) {
  AverageState fresh = fresh_state(stack, options, outer_radius);
  Starter starter(stack, options, fold_of, folds, references, context);
  if (!initial.empty()) {
    references.build(initial, fresh, folds, context);
    // The scale of a given map is anything: the posterior would weigh poses and classes by it, correlations do not.
    starter.align(fresh, {}, "aligning to the given map", true);
    return fresh;
  }
  if (options.start == "marginal") return marginal_start(stack, options, outer_radius, context).state;
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
  AverageState best;
  double best_score = -1;
  Random random(context.seed, "start particles");
  const int64_t most = static_cast<int64_t>(options.start_particles) * options.classes;
  std::vector<int64_t> subset;  // empty: all
  if (options.start_particles > 0 && most < stack.count()) {
    subset = draw_particles(stack.count(), static_cast<int>(most), random);
    std::sort(subset.begin(), subset.end());
  }
  std::vector<std::vector<int>> labels;
  for (int s = 0; s < std::max(1, options.starts); ++s) {
    AverageState state = fresh;
    const auto seeds = draw_particles(stack.count(), options.classes, random);
    std::vector<Volume<float>> maps;
    for (const int64_t i : seeds) maps.push_back(map_of_particle(stack, i, state.band_limit));
    references.build(maps, state, folds, context);
    const std::string title = fmt::format("start {} of {}", s + 1, std::max(1, options.starts));
    starter.align(state, subset, title);
    starter.iterate(state, subset, title);
    if (starter.makes_symmetric()) {
      starter.make_symmetric(state);
      starter.iterate(state, subset, title);
    }
    labels.push_back(classes_of(state));
    const double score = mean_squared_correlation(state);
    context.sink.message(Severity::info, fmt::format("start {} from particle{} {}: mean squared correlation {:.2f}",
                                                     s + 1, seeds.size() > 1 ? "s" : "", numbers(seeds), score));
    if (score > best_score) {
      best_score = score;
      best = std::move(state);
    }
  }
  if (options.classes > 1) report_agreement(labels, context.sink);
  if (!subset.empty()) {
    starter.refer(best);
    starter.align(best, {}, "aligning all particles to the best start");
  }
  if (!tries_marginal_start(options)) return best;
  starter.refer(best);
  if (tells_well_from_noise(compare_with_noise(stack, references, fold_of, context), context.sink)) return best;
  MarginalStart marginal = marginal_start(stack, options, outer_radius, context);
  if (marginal.condensed) return std::move(marginal.state);
  context.sink.message(Severity::info, "the average over all poses stays round: keeping the best start");
  return best;
}

}  // namespace tessera
