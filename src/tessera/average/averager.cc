// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/averager.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <numeric>

#include "tessera/average/recentre.h"
#include "tessera/average/reference_set.h"
#include "tessera/average/start.h"
#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

class StopWatch {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - start_).count();
    start_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

AverageMaps maps_of(const FoldSums& sums, const Resolution& resolution, const ParticleStack& stack) {
  AverageMaps out;
  const int64_t n = stack.box();
  out.resolution = resolution;
  out.resolution_A = fsc_resolution_A(resolution.fsc, 0.143, n, stack.voxel_size_A());
  out.map = solved_map(sums.all(), resolution, n / 2);
  for (int h = 0; h < 2; ++h) {
    const Accumulator half = sums.half(h);
    std::vector<double> ridge = mean_weight(half);
    for (double& r : ridge) r = std::max(1e-3 * r, 1e-30);
    out.half[h] = centred_volume(solve(half, ridge, n / 2));
  }
  return out;
}

// Shifts of particles in a ball of radius max_shift are 0.77 of it, root mean square.
double radius_of(const FoldSums& sums, const Resolution& resolution, double outer_radius, const ParticleStack& stack,
                 const AverageOptions& options) {
  const int64_t n = stack.box();
  return particle_radius(solved_map(sums.half(0), resolution, n / 2), solved_map(sums.half(1), resolution, n / 2),
                         outer_radius,
                         background_profile(n, stack.mask_radius(), 0.77 * options.align.max_shift_voxels));
}

void describe_change(const std::vector<Assignment>& before, const std::vector<Assignment>& after,
                     IterationReport& out) {
  const double share = 1.0 / static_cast<double>(after.size());
  for (size_t i = 0; i < after.size(); ++i) {
    out.mean_log_likelihood += share * after[i].log_likelihood;
    out.mean_correlation += share * after[i].correlation;
    double entropy = 0;
    for (const WeightedPose& p : after[i].poses) entropy -= p.probability * std::log(p.probability);
    out.effective_candidates += share * std::exp(entropy);
    if (before.empty()) continue;
    const Pose &a = before[i].poses.front().pose, &b = after[i].poses.front().pose;
    out.mean_rotation_change_deg += share * angle_between(a.particle_from_ref, b.particle_from_ref) / degree;
    out.mean_shift_change_voxels += share * (a.shift_voxels - b.shift_voxels).norm();
  }
}

}  // namespace

std::vector<int> deal_folds(int64_t count, int folds, uint64_t seed) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, "folds");
  for (int64_t i = count - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  std::vector<int> out(count);
  for (int64_t i = 0; i < count; ++i) out[order[i]] = static_cast<int>(i % folds);
  return out;
}

double stack_mask_radius(int64_t box, double voxel_size_A, const AverageOptions& options) {
  const double largest = static_cast<double>(box) / 2 - 4;  // leaves room for the soft edge
  const double shift = options.align.max_shift_voxels;
  if (options.mask_diameter_A) return std::min(*options.mask_diameter_A / 2 / voxel_size_A + shift, largest);
  return largest;
}

std::optional<std::string> reason_to_stop(const std::vector<IterationReport>& reports) {
  const auto size = reports.size();
  if (size < 3) return std::nullopt;
  const auto& last = reports[size - 1];
  const auto rests = [&](size_t i) {
    return reports[i].map_correlation > 0.999 && std::abs(reports[i].band_limit - last.band_limit) <= 1;
  };
  if (rests(size - 1) && rests(size - 2))
    return fmt::format("the map no longer changes (correlation {:.5f} with the one before)", last.map_correlation);
  constexpr size_t patience = 5;
  if (size < 2 * patience) return std::nullopt;
  // The best of the five iterations before the last five, and of these.
  struct Best {
    double likelihood = -1e300, turn = 1e300, change = 1e300;
    int64_t band = 0;
  } best[2];
  for (size_t i = size - 2 * patience; i < size; ++i) {
    Best& b = best[i + patience >= size];
    b.likelihood = std::max(b.likelihood, reports[i].mean_log_likelihood);
    b.turn = std::min(b.turn, reports[i].mean_rotation_change_deg);
    b.change = std::min(b.change, 1 - reports[i].map_correlation);
    b.band = std::max(b.band, reports[i].band_limit);
  }
  const auto& [before, now] = best;
  if (now.band > before.band || now.likelihood > before.likelihood + 0.002 * std::abs(before.likelihood) ||
      now.turn < 0.9 * before.turn || now.change < 0.9 * before.change)
    return std::nullopt;
  return fmt::format("{} iterations brought nothing more: likelihood, band limit and changes stay as they were",
                     patience);
}

AverageMaps average_at_poses(const ParticleStack& stack, const std::vector<Pose>& poses, const AverageOptions& options,
                             ExecContext& context) {
  std::vector<std::vector<WeightedPose>> weighted;
  for (const Pose& pose : poses) weighted.push_back({{pose, 1.0, 0}});
  const int folds = std::max(2, options.folds);
  const auto sums =
      accumulate(stack, weighted, deal_folds(stack.count(), folds, context.seed), folds, 0, stack.box() / 2, context);
  double radius = stack_mask_radius(stack.box(), stack.voxel_size_A(), options);
  Resolution resolution = measure_resolution(sums, soft_sphere(Shape3::cube(stack.box()), radius, 3), options.wiener);
  if (!options.mask_diameter_A) {
    radius = radius_of(sums, resolution, radius, stack, options);
    resolution = measure_resolution(sums, soft_sphere(Shape3::cube(stack.box()), radius, 3), options.wiener);
  }
  return maps_of(sums, resolution, stack);
}

AverageResult average_particles(ParticleStack& stack, const AverageOptions& options, ExecContext& context,
                                const IterationCallback& after_iteration, const AverageState* resume,
                                const Volume<float>* initial) {
  AverageResult result;
  const int folds = std::max(2, std::min<int>(options.folds, static_cast<int>(stack.count())));
  const auto fold_of = deal_folds(stack.count(), folds, context.seed);
  const double outer_radius =
      options.mask_diameter_A ? *options.mask_diameter_A / 2 / stack.voxel_size_A() : stack.mask_radius();
  ReferenceSet references(stack, options);
  AverageState& state = result.state;
  if (resume) {
    state = *resume;
  } else {
    state = start_state(stack, options, fold_of, folds, outer_radius, references, initial, context);
  }
  const auto poses_of = [&] {
    std::vector<std::vector<WeightedPose>> poses;
    for (const Assignment& a : state.assignments) poses.push_back(a.poses);
    return poses;
  };
  const int64_t top = highest_shell(stack, options);
  const auto summed = [&](int64_t shells) { return accumulate(stack, poses_of(), fold_of, folds, 0, shells, context); };
  FoldSums sums = summed(state.summed_shells);
  Volume<float> mask = soft_sphere(Shape3::cube(stack.box()), state.mask_radius, 3);
  Resolution resolution = measure_resolution(sums, mask, options.wiener);
  result.maps = maps_of(sums, resolution, stack);
  result.stop_reason = fmt::format("{} iterations done", options.iterations);
  while (state.iteration < options.iterations) {
    StopWatch watch;
    IterationReport report;
    report.iteration = state.iteration + 1;
    report.band_limit = state.band_limit;
    report.band_limit_A =
        static_cast<double>(stack.box()) * stack.voxel_size_A() / static_cast<double>(state.band_limit);
    references.build(sums, resolution, state, options.folds > 1, context);
    report.reference_seconds = watch.lap();
    ExpectationTimes times;
    auto assignments = expectation(
        {stack, references.aligners(), fold_of, state.assignments, options.method == "fa", options.posterior_floor},
        context, fmt::format("iteration {}", report.iteration), &times);
    report.rotation_core_seconds = times.rotation;
    report.translation_core_seconds = times.translation;
    report.refinement_core_seconds = times.refinement;
    report.expectation_seconds = watch.lap();
    describe_change(state.assignments, assignments, report);
    state.assignments = std::move(assignments);
    const Vec3 offset = mean_offset(state.assignments);
    if (offset.norm() > 0.5) move_reference(state.assignments, offset, options.align.max_shift_voxels);
    state.noise_variance =
        noise_from_residuals(state.assignments, state.noise_variance, options.noise_per_shell, stack.noise_share());
    state.summed_shells = shells_to_sum(stack, state.band_limit);
    sums = summed(state.summed_shells);
    resolution = measure_resolution(sums, mask, options.wiener);
    const Volume<float> before = std::move(result.maps.map);
    result.maps = maps_of(sums, resolution, stack);
    report.map_correlation = masked_correlation(before, result.maps.map, mask);
    if (!options.mask_diameter_A) {
      state.mask_radius = radius_of(sums, resolution, outer_radius, stack, options);
      mask = soft_sphere(Shape3::cube(stack.box()), state.mask_radius, 3);
      resolution = measure_resolution(sums, mask, options.wiener);
      result.maps = maps_of(sums, resolution, stack);
    }
    report.maximisation_seconds = watch.lap();
    report.resolution_A = result.maps.resolution_A;
    report.mask_radius_A = state.mask_radius * stack.voxel_size_A();
    const int64_t reached = static_cast<int64_t>(std::lround(resolution.crossing_shell)) + 2;
    const int64_t next = std::clamp(reached, state.band_limit - 2, state.band_limit + 4);
    const int64_t band = std::clamp(next, std::min(first_shell(stack, options), top), top);
    state.band_limit = band;
    ++state.iteration;
    state.reports.push_back(report);
    if (after_iteration) after_iteration(state, result.maps);
    if (const auto reason = reason_to_stop(state.reports)) {
      result.stop_reason = *reason;
      break;
    }
  }
  if (state.summed_shells < stack.box() / 2) {
    sums = summed(stack.box() / 2);
    result.maps = maps_of(sums, measure_resolution(sums, mask, options.wiener), stack);
  }
  return result;
}

}  // namespace tessera
