// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/averager.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "tessera/average/class_balance.h"
#include "tessera/average/imputation.h"
#include "tessera/average/recentre.h"
#include "tessera/average/reference_set.h"
#include "tessera/average/shift_prior.h"
#include "tessera/average/similarity.h"
#include "tessera/average/start.h"
#include "tessera/base/errors.h"
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

// completed: the sums that the model's average comes from; the half maps hold only what was observed.
AverageMaps maps_of(const FoldSums& sums, const FoldSums& completed, const Resolution& resolution,
                    const ParticleStack& stack) {
  AverageMaps out;
  const int64_t n = stack.box();
  out.resolution = resolution;
  out.resolution_A = fsc_resolution_A(resolution.fsc, 0.143, n, stack.voxel_size_A());
  out.map = solved_map(completed.all(), resolution, n / 2);
  for (int h = 0; h < 2; ++h) out.half[h] = unfiltered_map(sums.half(h));
  return out;
}

void judge(AverageMaps& maps, double mask_radius, const ParticleStack& stack, uint64_t seed) {
  maps.judged =
      corrected_fsc(maps.half[0], maps.half[1], soft_sphere(Shape3::cube(stack.box()), mask_radius, 3), -1, seed);
  maps.resolution_A = fsc_resolution_A(maps.judged->corrected, 0.143, stack.box(), stack.voxel_size_A());
}

// Shifts of particles in a ball of radius max_shift are 0.77 of it, root mean square.
double radius_of(const FoldSums& sums, const Resolution& resolution, double outer_radius, const ParticleStack& stack,
                 const AverageOptions& options) {
  const int64_t n = stack.box();
  return particle_radius(solved_map(sums.half(0), resolution, n / 2), solved_map(sums.half(1), resolution, n / 2),
                         outer_radius,
                         background_profile(n, stack.mask_radius(), 0.77 * options.align.max_shift_voxels));
}

// Voxels; none: over the whole range of shifts. Far shifts are looked at again in every fourth iteration.
double shift_window(const AverageOptions& options, int iteration) {
  if (options.shift_window_voxels) return *options.shift_window_voxels;
  return iteration < 4 || iteration % 4 == 0 ? -1 : 0.5 * options.align.max_shift_voxels;
}

constexpr double least_shift_deviation = 0.1;  // voxels

// One run: its state, and the sums that the state's poses give.
class Run {
 public:
  Run(ParticleStack& stack, const AverageOptions& options, ExecContext& context)
      : stack_(stack),
        options_(options),
        context_(context),
        fold_of_(deal_folds(stack.count(), fold_count(stack.count(), options), context.seed)),
        outer_radius_(options.mask_diameter_A ? *options.mask_diameter_A / 2 / stack.voxel_size_A()
                                              : stack.mask_radius()),
        references_(stack, options) {}

  void begin(const AverageState* resume, const std::vector<Volume<float>>& initial) {
    state_ = resume ? *resume
                    : start_state(stack_, options_, fold_of_, fold_count(stack_.count(), options_), outer_radius_,
                                  references_, initial, context_);
    sum(state_.summed_shells);
    measure();
    if (resume || state_.reports.empty()) return;
    for (int k = 0; k < options_.classes; ++k)
      describe_class(k, state_.reports.back());  // a start that is an iteration
  }

  void iterate() {
    StopWatch watch;
    IterationReport report;
    report.iteration = state_.iteration + 1;
    report.band_limit = state_.band_limit;
    report.band_limit_A = extent_A() / static_cast<double>(state_.band_limit);
    references_.build(completed(), resolution_, state_, options_.folds > 1, context_);
    if (options_.model.imputation) state_.references = references_.models();
    report.reference_seconds = watch.lap();
    expect(report);
    report.expectation_seconds = watch.lap();
    maximise(report);
    report.maximisation_seconds = watch.lap();
    ++state_.iteration;
    state_.reports.push_back(report);
  }

  // The maps with all their shells, judged.
  void finish() {
    if (state_.summed_shells < stack_.box() / 2) {
      sum(stack_.box() / 2);
      measure();
    }
    for (int k = 0; k < options_.classes; ++k) judge(maps_[k], state_.classes[k].mask_radius, stack_, context_.seed);
  }

  // With the references of the last iteration; none before the first.
  std::optional<NoiseControl> noise_control() const {
    if (references_.aligners().empty()) return std::nullopt;
    return compare_with_noise(stack_, references_, fold_of_, context_);
  }

  const AverageState& state() const { return state_; }
  const std::vector<AverageMaps>& maps() const { return maps_; }

 private:
  // Of the class as it is now; returns its line.
  ClassStatus& describe_class(int k, IterationReport& report) const {
    ClassStatus& line = report.classes.emplace_back();
    line.occupancy = state_.classes[k].prior;
    line.resolution_A = maps_[k].resolution_A;
    line.mask_radius_A = state_.classes[k].mask_radius * stack_.voxel_size_A();
    report.resolution_A = k == 0 ? line.resolution_A : std::min(report.resolution_A, line.resolution_A);
    return line;
  }

  double extent_A() const { return static_cast<double>(stack_.box()) * stack_.voxel_size_A(); }
  Volume<float> mask(int k) const { return soft_sphere(Shape3::cube(stack_.box()), state_.classes[k].mask_radius, 3); }

  void sum(int64_t shells) {
    sums_ = accumulate(stack_, poses_of(state_.assignments), fold_of_, fold_count(stack_.count(), options_),
                       options_.classes, shells, context_);
    complete(shells);
  }

  // Sums as the next references are made from them: the resolution is judged on what was observed, each class alone.
  const std::vector<FoldSums>& completed() const { return completed_.empty() ? sums_ : completed_; }
  void complete(int64_t shells) {
    completed_.clear();
    const double alike =
        annealed_strength(options_.model.similarity, options_.model.similarity_iterations, state_.iteration);
    if (state_.references.empty() && !(alike > 0)) return;
    completed_ = sums_;
    if (!state_.references.empty()) impute_all(shells);
    hold_alike(completed_, alike);
  }
  void impute_all(int64_t shells) {
    const int folds = fold_count(stack_.count(), options_);
    std::vector<std::vector<double>> total(options_.classes, std::vector<double>(folds));
    for (int64_t i = 0; i < stack_.count(); ++i)
      for (const WeightedPose& p : state_.assignments[i].poses) total[p.class_index][fold_of_[i]] += p.probability;
    const double largest = largest_square_weight();
    for (int k = 0; k < options_.classes; ++k)
      for (int f = 0; f < folds; ++f) {
        const auto& models = state_.references[k];
        if (models.empty()) continue;
        impute(completed_[k].folds[f], total[k][f], largest, models[models.size() > 1 ? f : 0], shells);
      }
  }
  double largest_square_weight() const {
    float largest = 0;
    for (const FourierWeight* weight : stack_.weights())
      for (const float h : weight->half()) largest = std::max(largest, h * h);
    return largest;
  }

  void measure() {
    resolution_.assign(options_.classes, {});
    maps_.resize(options_.classes);
    for (int k = 0; k < options_.classes; ++k) measure(k);
  }
  void measure(int k) {
    resolution_[k] = measure_resolution(sums_[k], mask(k), options_.wiener, options_.model.ridge_share());
    maps_[k] = maps_of(sums_[k], completed()[k], resolution_[k], stack_);
  }

  void expect(IterationReport& report) {
    std::vector<double> prior;
    for (const ClassState& one : state_.classes) prior.push_back(one.prior);
    ExpectationTimes times;
    auto assignments = expectation({.stack = stack_,
                                    .aligners = references_.aligners(),
                                    .class_prior = prior,
                                    .fold_of = fold_of_,
                                    .previous = state_.assignments,
                                    .posterior = {options_.method == "fa", options_.posterior_floor},
                                    .shift_window = shift_window(options_, state_.iteration),
                                    .volumes = candidate_volumes(options_.model),
                                    .shift_deviation = state_.shift_deviation,
                                    .keep_pose = options_.model.keep_pose,
                                    .posterior_noise = options_.model.posterior_noise},
                                   context_, fmt::format("iteration {}", report.iteration), &times);
    report.rotation_core_seconds = times.rotation;
    report.translation_core_seconds = times.translation;
    report.refinement_core_seconds = times.refinement;
    describe_change(state_.assignments, assignments, report);
    state_.assignments = std::move(assignments);
    estimate_noise();
    if (state_.shift_deviation > 0)
      state_.shift_deviation = shift_deviation(poses_of(state_.assignments), least_shift_deviation);
    balance_classes();
    if (options_.model.recentre) recentre();
  }

  void estimate_noise() {
    std::vector<const std::vector<double>*> components;
    for (int64_t i = 0; i < stack_.count(); ++i) components.push_back(&stack_.observed(stack_.group(i)));
    std::vector<double> whole(state_.noise_variance.size());
    if (options_.model.imputation)
      for (const int32_t shell : ObservedComponents(FourierWeight::uniform(stack_.box()), stack_.box() / 2).shell)
        ++whole[shell];
    state_.noise_variance =
        noise_from_residuals(state_.assignments, components, state_.noise_variance, options_.noise_per_shell,
                             stack_.noise_share(), options_.model.imputation ? &whole : nullptr);
  }

  void recentre() {
    for (int k = 0; k < options_.classes; ++k) {
      const Vec3 offset = mean_offset(state_.assignments, k);
      if (offset.norm() <= 0.5) continue;
      move_reference(state_.assignments, k, offset, options_.align.max_shift_voxels);
      if (!state_.references.empty())
        for (HalfSpectrum& model : state_.references[k]) shift_spectrum(model, offset);
    }
  }

  // Classes that die are reseeded in the first half of the run; later ones stay empty.
  void balance_classes() {
    if (options_.model.reseed && state_.iteration < options_.iterations / 2)
      for (const int k : reseed_dead_classes(state_.assignments, options_.classes))
        context_.sink.message(Severity::info,
                              fmt::format("class {} was empty: it takes the worst half of the largest class", k + 1));
    const auto share = occupancies(state_.assignments, options_.classes);
    for (int k = 0; k < options_.classes; ++k) state_.classes[k].prior = share[k];
  }

  void maximise(IterationReport& report) {
    state_.summed_shells = shells_to_sum(stack_, state_.band_limit);
    sum(state_.summed_shells);
    std::vector<Volume<float>> before;
    for (AverageMaps& one : maps_) before.push_back(std::move(one.map));
    measure();
    report.map_correlation = 1;
    for (int k = 0; k < options_.classes; ++k) {
      const bool empty = state_.classes[k].prior == 0;
      const double alike = empty ? 1 : masked_correlation(before[k], maps_[k].map, mask(k));
      if (!options_.mask_diameter_A && !empty) {
        state_.classes[k].mask_radius = radius_of(sums_[k], resolution_[k], outer_radius_, stack_, options_);
        measure(k);
      }
      ClassStatus& line = describe_class(k, report);
      line.map_correlation = alike;
      describe_coverage(state_.assignments, k, line);
      report.map_correlation = std::min(report.map_correlation, line.map_correlation);
      report.mask_radius_A = std::max(report.mask_radius_A, line.mask_radius_A);
    }
    move_band_limit();
  }

  void move_band_limit() {
    const int64_t top = highest_shell(stack_, options_);
    double crossing = 1;
    for (const Resolution& one : resolution_) crossing = std::max(crossing, one.crossing_shell);
    const auto reached = static_cast<int64_t>(std::lround(crossing)) + 2;
    const int64_t next = std::clamp(reached, state_.band_limit - 2, state_.band_limit + 4);
    state_.band_limit = std::clamp(next, std::min(first_shell(stack_, options_), top), top);
  }

  ParticleStack& stack_;
  const AverageOptions& options_;
  ExecContext& context_;
  std::vector<int> fold_of_;
  double outer_radius_;
  ReferenceSet references_;
  AverageState state_;
  std::vector<FoldSums> sums_, completed_;
  std::vector<Resolution> resolution_;
  std::vector<AverageMaps> maps_;
};

}  // namespace

int fold_count(int64_t particles, const AverageOptions& options) {
  return std::max(2, std::min<int>(options.folds, static_cast<int>(particles)));
}

std::vector<int> deal_folds(int64_t count, int folds, uint64_t seed) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, "folds");
  shuffle(order, random);
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

std::vector<AverageMaps> average_at_poses(const ParticleStack& stack, const std::vector<WeightedPose>& poses,
                                          const AverageOptions& options, ExecContext& context) {
  std::vector<std::vector<WeightedPose>> lists;
  for (const WeightedPose& pose : poses) lists.push_back({pose});
  const int folds = fold_count(stack.count(), options);
  const auto sums = accumulate(stack, lists, deal_folds(stack.count(), folds, context.seed), folds, options.classes,
                               stack.box() / 2, context);
  const double largest = stack_mask_radius(stack.box(), stack.voxel_size_A(), options);
  const Shape3 shape = Shape3::cube(stack.box());
  std::vector<AverageMaps> out;
  for (const FoldSums& one : sums) {
    double radius = largest;
    Resolution resolution =
        measure_resolution(one, soft_sphere(shape, radius, 3), options.wiener, options.model.ridge_share());
    if (!options.mask_diameter_A) {
      radius = radius_of(one, resolution, largest, stack, options);
      resolution = measure_resolution(one, soft_sphere(shape, radius, 3), options.wiener, options.model.ridge_share());
    }
    judge(out.emplace_back(maps_of(one, one, resolution, stack)), radius, stack, context.seed);
  }
  return out;
}

AverageResult average_particles(ParticleStack& stack, const AverageOptions& options, ExecContext& context,
                                const IterationCallback& after_iteration, const AverageState* resume,
                                const std::vector<Volume<float>>& initial) {
  if (options.classes > stack.count())
    throw UserError(fmt::format("--classes {}: more than the {} particles there are", options.classes, stack.count()));
  if (!initial.empty() && static_cast<int>(initial.size()) != options.classes)
    throw UserError(fmt::format("{} references for {} classes: give one for each", initial.size(), options.classes));
  Run run(stack, options, context);
  run.begin(resume, initial);
  AverageResult result;
  if (!resume && run.state().iteration > 0 && after_iteration) after_iteration(run.state(), run.maps());
  const auto reason = [&] { return options.model.stop_at_rest ? reason_to_stop(run.state().reports) : std::nullopt; };
  auto stop = run.state().iteration == 1 ? reason() : std::nullopt;  // the start may have been all
  while (!stop && run.state().iteration < options.iterations) {
    run.iterate();
    if (after_iteration) after_iteration(run.state(), run.maps());
    stop = reason();
  }
  result.stop_reason = stop.value_or(fmt::format("{} iterations done", options.iterations));
  run.finish();
  result.noise_control = run.noise_control();
  result.state = run.state();
  result.maps = run.maps();
  return result;
}

}  // namespace tessera
