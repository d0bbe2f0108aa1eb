// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/particle_start.h"

#include <fmt/format.h>

#include <algorithm>

#include "tessera/average/class_members.h"
#include "tessera/base/partition.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

// Over the particles that took part.
double mean_squared_correlation(const std::vector<Assignment>& assignments) {
  double sum = 0, count = 0;
  for (const Assignment& a : assignments) {
    if (a.poses.empty()) continue;
    sum += a.correlation * std::max(0.0, a.correlation);
    ++count;
  }
  return sum / count;
}

// One particle as a map, its unobserved components empty.
Volume<float> map_of_particle(const ParticleStack& stack, int64_t i, int64_t max_shell) {
  Accumulator sums(stack.box());
  sums.add(stack.padded(i, stack.box() / 2), stack.weight(i), {}, 1.0, 0, stack.box());
  std::vector<double> ridge = mean_weight(sums);
  for (double& r : ridge) r = std::max(r, 1e-30);
  return centred_volume(solve(sums, ridge, max_shell));
}

// `count` different ones of the pool.
std::vector<int64_t> draw(const std::vector<int64_t>& pool, int64_t count, Random& random) {
  std::vector<int64_t> out;
  while (std::ssize(out) < count) {
    const int64_t i = pool[random.below(pool.size())];
    if (std::find(out.begin(), out.end(), i) == out.end()) out.push_back(i);
  }
  return out;
}

// Those that starts are tried on, in order.
std::vector<int64_t> sample_of(const std::vector<int64_t>& pool, const AverageOptions& options, Random& random) {
  const int64_t most = static_cast<int64_t>(options.start_particles) * options.classes;
  if (options.start_particles == 0 || most >= std::ssize(pool)) return pool;
  std::vector<int64_t> out = draw(pool, most, random);
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<int> classes_of(const std::vector<Assignment>& assignments) {
  std::vector<int> out;
  for (const Assignment& a : assignments)
    if (!a.poses.empty()) out.push_back(a.poses.front().class_index);
  return out;
}

std::string numbers(const std::vector<int64_t>& indices) {
  std::string out;
  for (const int64_t i : indices) out += fmt::format("{}{}", out.empty() ? "" : ", ", i + 1);
  return out;
}

AverageOptions options_of_class(const AverageOptions& options, int k) {
  AverageOptions out = options;
  out.classes = 1;
  out.start_iterations = options.class_start_iterations;
  const ClassSymmetry symmetry(options.symmetry, options.classes);
  if (symmetry.any()) out.symmetry = {symmetry.name(k)};
  return out;
}

// Class k of the state begun again from its own particles; kept if they correlate better.
void begin_again(const StartInputs& inputs, const AverageState& fresh, int k, ReferenceSet& references,
                 AverageState& state, ExecContext& context) {
  const std::vector<int64_t> members = members_of(state.assignments, k);
  std::vector<Assignment> came_with;
  for (const int64_t i : members) came_with.push_back(state.assignments[i]);
  if (std::ssize(members) < int64_t{2} * inputs.folds)
    return;  // what would be aligned to the others has too few others
  const AverageOptions one = options_of_class(inputs.options, k);
  ReferenceSet own = references.with_options(one);
  AverageState alone = fresh;
  alone.classes = {fresh.classes[k]};
  alone.classes[0].prior = 1;
  Random random(context.seed, "start of class", static_cast<uint64_t>(k));
  const StartInputs own_inputs{inputs.stack, one, inputs.fold_of, inputs.folds, inputs.outer_radius, inputs.log};
  const TriedStart best = best_start(own_inputs, alone, members, one.class_starts, fmt::format(" of class {}", k + 1),
                                     random, own, context);
  const double before = mean_squared_correlation(came_with);
  context.sink.message(
      Severity::info,
      fmt::format("class {}: its {} particles have {:.2f} from their own best start, {:.2f} from that "
                  "of all classes: keeping the {}",
                  k + 1, members.size(), best.score, before, best.score > before ? "former" : "latter"));
  if (best.score <= before) return;
  state.classes[k].symmetry = best.state.classes[0].symmetry;
  replace_class(state.assignments, k, members, best.state.assignments);
}

}  // namespace

TriedStart best_start(const StartInputs& inputs, const AverageState& fresh, const std::vector<int64_t>& pool,
                      int starts, const std::string& of_class, Random& random, ReferenceSet& references,
                      ExecContext& context) {
  Starter starter(inputs, references, context);
  const std::vector<int64_t> sample = sample_of(pool, inputs.options, random);
  TriedStart best;
  std::vector<std::vector<int>> labels;
  for (int s = 0; s < starts; ++s) {
    AverageState state = fresh;
    const auto seeds = draw(pool, inputs.options.classes, random);
    std::vector<Volume<float>> maps;
    for (const int64_t i : seeds) maps.push_back(map_of_particle(inputs.stack, i, state.band_limit));
    starter.iterate(maps, state, sample, fmt::format("start {} of {}{}", s + 1, starts, of_class));
    labels.push_back(classes_of(state.assignments));
    const double score = mean_squared_correlation(state.assignments);
    context.sink.message(Severity::info,
                         fmt::format("start {}{} from particle{} {}: mean squared correlation {:.2f}", s + 1, of_class,
                                     seeds.size() > 1 ? "s" : "", numbers(seeds), score));
    if (score > best.score) best = {std::move(state), score, 1};
  }
  if (inputs.options.classes > 1) best.agreement = report_agreement(labels, context.sink);
  if (sample.size() < pool.size()) {
    starter.refer(best.state);
    starter.align(best.state, pool, fmt::format("aligning all particles{} to the best start", of_class));
    best.score = mean_squared_correlation(best.state.assignments);
  }
  return best;
}

double report_agreement(const std::vector<std::vector<int>>& labels, Sink& sink) {
  double sum = 0;
  int pairs = 0;
  for (size_t a = 0; a < labels.size(); ++a)
    for (size_t b = 0; b < a; ++b, ++pairs) sum += adjusted_rand_index(labels[a], labels[b]);
  if (pairs == 0) return 1;
  sink.message(Severity::info, fmt::format("classes of {} starts agree with an adjusted Rand index of {:.3f}",
                                           labels.size(), sum / pairs));
  return sum / pairs;
}

AverageState particle_start(const StartInputs& inputs, const AverageState& fresh, ReferenceSet& references,
                            ExecContext& context) {
  Random random(context.seed, "start particles");
  AverageState out =
      best_start(inputs, fresh, inputs.stack.all(), std::max(1, inputs.options.starts), "", random, references, context)
          .state;
  if (inputs.options.class_starts < 1) return out;
  for (int k = 0; inputs.options.classes > 1 && k < inputs.options.classes; ++k)
    begin_again(inputs, fresh, k, references, out, context);
  return out;
}

}  // namespace tessera
