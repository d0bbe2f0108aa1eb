// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/start.h"

#include <algorithm>
#include <cmath>

#include "tessera/average/recentre.h"
#include "tessera/base/errors.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

std::vector<std::vector<WeightedPose>> poses_of(const AverageState& state) {
  std::vector<std::vector<WeightedPose>> out;
  for (const Assignment& a : state.assignments) out.push_back(a.poses);
  return out;
}

double mean_squared_correlation(const AverageState& state) {
  double sum = 0;
  for (const Assignment& a : state.assignments) sum += a.correlation * std::max(0.0, a.correlation);
  return sum / static_cast<double>(state.assignments.size());
}

// One particle as a map, its unobserved components empty.
Volume<float> map_of_particle(const ParticleStack& stack, int64_t i, int64_t max_shell) {
  Accumulator sums(stack.box());
  sums.add(stack.padded(i, stack.box() / 2), stack.weight(i), {}, 1.0, 0, stack.box());
  std::vector<double> ridge = mean_weight(sums);
  for (double& r : ridge) r = std::max(r, 1e-30);
  return centred_volume(solve(sums, ridge, max_shell));
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
        context_(context) {}

  void align_all(AverageState& state, const std::string& title) {
    state.assignments = expectation({stack_, references_.aligners(), fold_of_, state.assignments,
                                     options_.method == "fa", options_.posterior_floor},
                                    context_, title);
    move_reference(state.assignments, mean_offset(state.assignments), options_.align.max_shift_voxels);
  }

  // `iterations` of EM at the initial band limit, the noise kept so that starts can be compared.
  void iterate(AverageState& state, int iterations, const std::string& title) {
    const Volume<float> mask = soft_sphere(Shape3::cube(stack_.box()), state.mask_radius, 3);
    for (int k = 0; k < iterations; ++k) {
      const FoldSums sums =
          accumulate(stack_, poses_of(state), fold_of_, folds_, 0, shells_to_sum(stack_, state.band_limit), context_);
      references_.build(sums, measure_resolution(sums, mask, options_.wiener), state, options_.folds > 1, context_);
      align_all(state, title);
    }
  }

 private:
  ParticleStack& stack_;
  const AverageOptions& options_;
  const std::vector<int>& fold_of_;
  int folds_;
  ReferenceSet& references_;
  ExecContext& context_;
};

}  // namespace

AverageState start_state(ParticleStack& stack, const AverageOptions& options, const std::vector<int>& fold_of,
                         int folds, double outer_radius, ReferenceSet& references, const Volume<float>* initial,
                         ExecContext& context) {
  AverageState fresh;
  fresh.noise_variance = stack.observed_variance();
  fresh.band_limit = first_shell(stack, options);
  fresh.mask_radius = outer_radius;
  fresh.summed_shells = shells_to_sum(stack, fresh.band_limit);
  Starter starter(stack, options, fold_of, folds, references, context);
  if (initial) {
    references.build(*initial, fresh, folds, context);
    starter.align_all(fresh, "aligning to the given map");
    return fresh;
  }
  if (options.start == "random") {
    fresh.assignments.resize(stack.count());
    for (int64_t i = 0; i < stack.count(); ++i) {
      Random random(context.seed, "start poses", static_cast<uint64_t>(i));
      fresh.assignments[i].poses = {{{Rotation::random(random), {}}, 1.0, 0}};
    }
    return fresh;
  }
  if (options.start != "particles")
    throw UserError(fmt::format("--start '{}': choose particles or random", options.start));
  AverageState best;
  double best_score = -1;
  Random random(context.seed, "start particles");
  for (int s = 0; s < std::max(1, options.starts); ++s) {
    AverageState state = fresh;
    const auto seed_particle = static_cast<int64_t>(random.below(static_cast<uint64_t>(stack.count())));
    references.build(map_of_particle(stack, seed_particle, state.band_limit), state, folds, context);
    const std::string title = fmt::format("start {} of {}", s + 1, std::max(1, options.starts));
    starter.align_all(state, title);
    starter.iterate(state, options.start_iterations, title);
    const double score = mean_squared_correlation(state);
    context.sink.message(Severity::info, fmt::format("start {} from particle {}: mean squared correlation {:.2f}",
                                                     s + 1, seed_particle + 1, score));
    if (score > best_score) {
      best_score = score;
      best = std::move(state);
    }
  }
  return best;
}

}  // namespace tessera
