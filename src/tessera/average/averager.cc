// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/averager.h"

#include <algorithm>
#include <cmath>

#include "tessera/align/compare.h"
#include "tessera/average/class_balance.h"
#include "tessera/average/class_ends.h"
#include "tessera/average/class_maps.h"
#include "tessera/average/class_members.h"
#include "tessera/average/class_split.h"
#include "tessera/average/class_symmetry.h"
#include "tessera/average/common_mean.h"
#include "tessera/average/fixed_start.h"
#include "tessera/average/grid_expectation.h"
#include "tessera/average/imputation.h"
#include "tessera/average/recentre.h"
#include "tessera/average/reference_set.h"
#include "tessera/average/shift_prior.h"
#include "tessera/average/similarity.h"
#include "tessera/average/start.h"
#include "tessera/base/assignment.h"
#include "tessera/base/errors.h"
#include "tessera/base/stopwatch.h"
#include "tessera/base/units.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

// Voxels; none: over the whole range of shifts. Far shifts are looked at again in every fourth iteration.
double shift_window(const AverageOptions& options, int iteration) {
  if (options.shift_window_voxels) return *options.shift_window_voxels;
  return iteration < 4 || iteration % 4 == 0 ? -1 : 0.5 * options.align.max_shift_voxels;
}

constexpr double least_shift_deviation = 0.1;  // voxels

// The distance from the centre at which a mask ends.
double reach_of(const Volume<float>& mask) {
  const int64_t n = mask.shape().x, c = n / 2;
  int64_t square = 0;
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x)
        if (mask(z, y, x) > 0.5f) square = std::max(square, (z - c) * (z - c) + (y - c) * (y - c) + (x - c) * (x - c));
  return std::sqrt(static_cast<double>(square));
}

// Voxels.
double first_mask_radius(const AverageOptions& options, const Volume<float>& mask, const ParticleStack& stack) {
  if (!mask.empty()) return std::min(reach_of(mask), stack.mask_radius());
  return options.mask_diameter_A ? *options.mask_diameter_A / 2 / stack.voxel_size_A() : stack.mask_radius();
}

// Whether what a run begins with lies in the axes of the point groups.
bool gives_axes(const AverageOptions& options, bool references) {
  return options.symmetry_axes == "given" || (options.symmetry_axes == "auto" && (references || options.fixed_poses));
}

// One run: its state, and the sums that the state's poses give.
class Run {
 public:
  Run(ParticleStack& stack, const AverageOptions& options, const AverageGiven& given, ExecContext& context)
      : stack_(stack),
        options_(options),
        given_(given),
        context_(context),
        fold_of_(deal_folds(stack.count(), fold_count(stack.count(), options), context.seed)),
        symmetry_(options.symmetry, options.classes),
        outer_radius_(first_mask_radius(options, given.mask, stack)),
        references_(stack, options, given.mask.empty() ? nullptr : &given.mask),
        made_(stack, options, fold_of_, symmetry_, given.mask, state_, context) {}

  void begin(const AverageState* resume) {
    state_ = resume ? *resume : start();
    made_.sum(state_.summed_shells);
    made_.measure();
    if (resume || state_.reports.empty()) return;
    for (int k = 0; k < options_.classes; ++k)
      describe_class(k, state_.reports.back());  // a start that is an iteration
  }

  void iterate() {
    Stopwatch watch;
    IterationReport report;
    report.iteration = state_.iteration + 1;
    report.band_limit = state_.band_limit;
    report.temperature = temperature();
    report.band_limit_A = extent_A() / static_cast<double>(state_.band_limit);
    const std::optional<CommonMean> mean = common_mean();
    references_.build(made_.completed(), made_.resolutions(), state_, options_.folds > 1, context_,
                      mean ? &*mean : nullptr);
    if (options_.model.imputation) state_.references = references_.models();
    report.reference_seconds = watch.lap();
    expect(report);
    report.expectation_seconds = watch.lap();
    maximise(report);
    report.maximisation_seconds = watch.lap();
    ++state_.iteration;
    state_.reports.push_back(report);
  }

  // The maps with all their shells, judged. Classes may be averaged anew before that.
  ClassEnds finish() {
    ClassEnds ends;
    if (ends_over_all_poses(options_, !given_.references.empty(), !given_.mask.empty())) {
      references_.clear();
      ends = end_over_all_poses(stack_, options_, state_, context_);
    }
    const bool turned = impose_symmetry(true);
    if (turned || ends.any() || state_.summed_shells < stack_.box() / 2) {
      made_.sum(stack_.box() / 2);
      made_.measure();
    }
    for (size_t k = 0; k < ends.effective_poses.size(); ++k)
      if (ends.effective_poses[k] > 0) find_mask(static_cast<int>(k));
    for (int k = 0; k < options_.classes; ++k) {
      judge(made_.map(k), made_.mask(k), stack_, context_.seed);
      made_.map(k).symmetry = state_.classes[k].symmetry;
    }
    return ends;
  }

  // Nothing is left to be turned into the axes of its group.
  bool symmetric() const {
    for (int k = 0; k < options_.classes; ++k)
      if (symmetry_.has(k) && !state_.classes[k].symmetric() && state_.classes[k].prior > 0) return false;
    return true;
  }

  // Of the next iteration.
  double temperature() const {
    if (options_.method == "fa") return 1;  // keeps one pose, whatever it weighs
    return options_.model.temperature_after(state_.iteration, options_.iterations, options_.classes);
  }

  // With references made of the maps that the run ends with.
  std::optional<NoiseControl> noise_control() {
    if (options_.fixed_poses) return std::nullopt;
    references_.build(made_.completed(), made_.resolutions(), state_, options_.folds > 1, context_);
    return compare_with_noise(stack_, references_, fold_of_, context_);
  }

  const AverageState& state() const { return state_; }
  const std::vector<AverageMaps>& maps() const { return made_.maps(); }

 private:
  // Of the class as it is now; returns its line.
  ClassStatus& describe_class(int k, IterationReport& report) const {
    ClassStatus& line = report.classes.emplace_back();
    line.occupancy = state_.classes[k].prior;
    line.resolution_A = made_.map(k).resolution_A;
    line.mask_radius_A = state_.classes[k].mask_radius * stack_.voxel_size_A();
    line.symmetry = state_.classes[k].symmetry;
    report.resolution_A = k == 0 ? line.resolution_A : std::min(report.resolution_A, line.resolution_A);
    return line;
  }

  double extent_A() const { return static_cast<double>(stack_.box()) * stack_.voxel_size_A(); }
  AverageState start() {
    std::vector<Volume<float>> initial = given_.references;
    const bool axes_given = gives_axes(options_, !initial.empty());
    for (size_t k = 0; axes_given && k < initial.size(); ++k)
      initial[k] = symmetrised(initial[k], symmetry_.group(static_cast<int>(k)));
    StartLog log;
    const StartInputs inputs{stack_, options_, fold_of_, fold_count(stack_.count(), options_), outer_radius_, log};
    AverageState out = options_.fixed_poses ? fixed_pose_start(inputs, given_.poses, references_, initial, context_)
                                            : start_state(inputs, references_, initial, context_);
    out.start = log.passes();
    for (int k = 0; k < options_.classes; ++k)
      if (symmetry_.has(k) && !out.classes[k].symmetry) out.classes[k].symmetry = SymmetryStatus{.imposed = axes_given};
    return out;
  }

  // Which of the classes found is the one that the user gave a group to is chance. Before any is imposed they are
  // renumbered so that the agreements of the groups have the greatest sum, if it is clearly greater than as they are.
  void match_groups(std::vector<Volume<float>>& before) {
    const int classes = options_.classes;
    if (!symmetry_.differ() || gives_axes(options_, !given_.references.empty())) return;
    for (const ClassState& one : state_.classes)
      if (one.symmetric()) return;
    std::vector<double> agreement(static_cast<size_t>(classes * classes));  // [class][group]
    for (int k = 0; k < classes; ++k)
      for (int g = 0; g < classes; ++g) {
        if (!symmetry_.has(g) || !(state_.classes[k].prior > 0)) continue;
        const SymmetryFit fit =
            find_axes(made_.sums(k), made_.resolution(k), made_.mask(k), symmetry_.name(g), context_);
        agreement[k * classes + g] = judge_symmetry(made_.sums(k), made_.resolution(k), made_.mask(k),
                                                    symmetry_.group(g), &fit.standard_from_map)
                                         .agreement;
      }
    const std::vector<int> number = best_assignment(classes, classes, agreement);
    double gain = 0;
    for (int k = 0; k < classes; ++k) gain += agreement[k * classes + number[k]] - agreement[k * classes + k];
    if (gain < 0.05) return;
    for (Assignment& assignment : state_.assignments)
      for (WeightedPose& p : assignment.poses) p.class_index = number[p.class_index];
    renumber_classes(state_.classes, number);
    renumber_classes(state_.references, number);
    renumber_classes(before, number);
    made_.renumber(number);
    for (int k = 0; k < classes; ++k)
      state_.classes[k].symmetry = symmetry_.has(k) ? std::optional(SymmetryStatus{}) : std::nullopt;
    context_.sink.message(Severity::info, "classes renumbered: each has the group that its half-sets bear out best");
  }
  // Looks for the axes of the groups that are not imposed yet, and turns those classes into them whose half-sets bear
  // their group out, or `all`. Returns whether any was turned; sums and maps are then to be made anew.
  bool impose_symmetry(bool all) {
    bool out = false;
    for (int k = 0; k < options_.classes; ++k) {
      ClassState& one = state_.classes[k];
      if (!symmetry_.has(k) || one.symmetric() || !(one.prior > 0)) continue;
      const SymmetryFit fit = find_axes(made_.sums(k), made_.resolution(k), made_.mask(k), symmetry_.name(k), context_);
      const SymmetryStatus found =
          judge_symmetry(made_.sums(k), made_.resolution(k), made_.mask(k), symmetry_.group(k), &fit.standard_from_map);
      one.symmetry = found;
      if (!all && found.agreement < least_symmetry_agreement) continue;
      one.symmetry->imposed = out = true;
      one.symmetry->first_agreement = found.agreement;
      turn_reference(state_.assignments, k, fit.standard_from_map, options_.align.max_shift_voxels);
      if (!state_.references.empty())
        for (HalfSpectrum& model : state_.references[k])
          model = centred_spectrum(transformed_map(centred_volume(model), fit.standard_from_map));
      made_.map(k).map = transformed_map(made_.map(k).map, fit.standard_from_map);  // what the next is compared with
      context_.sink.message(
          Severity::info,
          fmt::format("class {}: turned by {:.1f}° and moved by {:.1f} voxels into the axes of {}; its half-sets agree "
                      "with their turned copies {:.2f} times as well as with each other",
                      k + 1, angle_between({}, fit.standard_from_map.particle_from_ref) / degree,
                      fit.centre_voxels.norm(), symmetry_.name(k), found.agreement));
    }
    return out;
  }

  // Not before the classes have parted: while the posterior is warm they would become one and the same. Classes that
  // point groups turn into axes of their own have no common frame.
  bool has_common_mean() const {
    return options_.model.common_mean && options_.classes > 1 && !symmetry_.any() && !options_.model.imputation &&
           options_.wiener && state_.iteration >= options_.model.warm_iterations(options_.iterations);
  }

  // Turns classes into one frame, now and then: fits of noisy averages are not worth more.
  void lay_in_one_frame() {
    if (options_.fixed_poses || state_.iteration % 4 != 0) return;
    std::vector<Volume<float>> inside(options_.classes);
    std::vector<double> share;
    for (int k = 0; k < options_.classes; ++k) {
      share.push_back(state_.classes[k].prior);
      inside[k] = masked(solved_map(made_.sums(k).all(), made_.resolution(k), state_.band_limit), made_.mask(k));
    }
    const auto turns = turns_into_one_frame(inside, share, options_.align.max_shift_voxels, context_);
    if (std::none_of(turns.begin(), turns.end(), [](const auto& turn) { return turn.has_value(); })) return;
    std::vector<Volume<float>> before;  // what the next maps are compared with
    for (int k = 0; k < options_.classes; ++k) {
      before.push_back(turns[k] ? transformed_map(made_.map(k).map, *turns[k]) : std::move(made_.map(k).map));
      if (turns[k]) turn_reference(state_.assignments, k, *turns[k], options_.align.max_shift_voxels);
    }
    made_.sum(state_.summed_shells);
    made_.measure();
    for (int k = 0; k < options_.classes; ++k) made_.map(k).map = std::move(before[k]);
  }

  std::optional<CommonMean> common_mean() {
    if (!has_common_mean()) return std::nullopt;
    lay_in_one_frame();
    const Volume<float> inside =
        given_.mask.empty() ? soft_sphere(Shape3::cube(stack_.box()), state_.largest_mask_radius(), 3) : given_.mask;
    return CommonMean::of(made_.sums(), inside);
  }

  // Which groups count in the E-step: those imposed.
  std::vector<std::vector<Rotation>> groups() const {
    std::vector<std::vector<Rotation>> out;
    for (int k = 0; k < options_.classes; ++k)
      out.push_back(state_.classes[k].symmetric() ? symmetry_.group(k) : std::vector<Rotation>{{}});
    return out;
  }

  void expect(IterationReport& report) {
    std::vector<double> prior;
    const auto equivalent = groups();
    std::vector<int> equivalent_poses;
    for (size_t k = 0; k < equivalent.size(); ++k) {
      prior.push_back(class_share(k));
      equivalent_poses.push_back(options_.fixed_poses ? 1 : static_cast<int>(equivalent[k].size()));
    }
    ExpectationTimes times;
    const ExpectationInput input = {.stack = stack_,
                                    .aligners = references_.aligners(),
                                    .class_prior = prior,
                                    .equivalent_poses = equivalent_poses,
                                    .fold_of = fold_of_,
                                    .previous = state_.assignments,
                                    .posterior = {options_.method == "fa", options_.posterior_floor, temperature()},
                                    .shift_window = shift_window(options_, state_.iteration),
                                    .volumes = candidate_volumes(options_.model),
                                    .shift_deviation = state_.shift_deviation,
                                    .keep_pose = options_.model.keep_pose,
                                    .posterior_noise = options_.model.posterior_noise,
                                    .fixed_poses = options_.fixed_poses};
    const std::string title = fmt::format("iteration {}", report.iteration);
    const auto grid = grid_of_poses(stack_, options_, state_, temperature());
    auto assignments = grid ? expectation_over_grid(input, *grid, context_, title, &times)
                            : expectation(input, context_, title, &times);
    report.pose_grid_degrees = grid ? grid->degrees : 0;
    report.rotation_core_seconds = times.rotation;
    report.translation_core_seconds = times.translation;
    report.refinement_core_seconds = times.refinement;
    describe_change(state_.assignments, assignments, report, equivalent);
    state_.assignments = std::move(assignments);
    estimate_noise();
    if (state_.shift_deviation > 0)
      state_.shift_deviation = shift_deviation(poses_of(state_.assignments), least_shift_deviation);
    balance_classes();
    if (options_.model.recentre && given_.mask.empty() && !options_.fixed_poses) recentre();
  }

  // Of classes, as a prior. While the posterior is warm, a class that is a little larger would swallow one alike: those
  // that live have equal shares.
  double class_share(size_t k) const {
    if (!(temperature() > 1)) return state_.classes[k].prior;
    const auto alive = std::count_if(state_.classes.begin(), state_.classes.end(),
                                     [](const ClassState& one) { return one.prior > 0; });
    return state_.classes[k].prior > 0 ? 1.0 / static_cast<double>(alive) : 0;
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
      Vec3 offset = mean_offset(state_.assignments, k);
      if (state_.classes[k].symmetric()) offset = invariant_part(offset, symmetry_.group(k));
      if (offset.norm() <= 0.5) continue;
      move_reference(state_.assignments, k, offset, options_.align.max_shift_voxels);
      if (!state_.references.empty())
        for (HalfSpectrum& model : state_.references[k]) shift_spectrum(model, offset);
    }
  }

  // Classes that die while the posterior is warm, or in the first half of a run that does not split them, take the
  // worst of the largest; later ones stay empty.
  void balance_classes() {
    const bool splits = splits_classes();
    if (splits) split_for_dead_classes();
    if (options_.model.reseed && !splits && state_.iteration < options_.iterations / 2)
      for (const int k : reseed_dead_classes(state_.assignments, options_.classes)) {
        context_.sink.message(Severity::info,
                              fmt::format("class {} was empty: it takes the worst half of the largest class", k + 1));
        // In the frame of that class, not in the axes of its own group.
        if (symmetry_.has(k) && !gives_axes(options_, !given_.references.empty()))
          state_.classes[k].symmetry = SymmetryStatus{};
      }
    const auto share = occupancies(state_.assignments, options_.classes);
    for (int k = 0; k < options_.classes; ++k) state_.classes[k].prior = share[k];
  }

  // As long as the halves have iterations to settle in.
  bool splits_classes() const {
    const ModelOptions& model = options_.model;
    return model.reseed && model.class_split && options_.classes > 2 && options_.method == "faml" &&
           temperature() == 1 && state_.iteration + 4 <= options_.iterations && !options_.fixed_poses &&
           !symmetry_.any() && !model.imputation && given_.references.empty();
  }

  // Of a class that dies in this iteration.
  void split_for_dead_classes() {
    const auto share = occupancies(state_.assignments, options_.classes);
    const double least = least_particles / static_cast<double>(stack_.count());
    for (int k = 0; k < options_.classes; ++k) {
      if (share[k] >= least || state_.classes[k].prior < least) continue;
      references_.clear();
      StartLog log;
      const StartInputs inputs{stack_, options_, fold_of_, fold_count(stack_.count(), options_), outer_radius_, log};
      const std::optional<ClassSplit> split = best_split(inputs, state_, references_, context_);
      state_.start.insert(state_.start.end(), log.passes().begin(), log.passes().end());
      context_.sink.message(
          Severity::info,
          split ? fmt::format("class {} was empty: it takes one of the two structures that class {} is (their starts "
                              "agree with a Rand index of {:.2f})",
                              k + 1, split->from + 1, split->agreement)
                : fmt::format("class {} was empty, and stays so: no other looks like two", k + 1));
      if (!split) continue;
      divide_class(state_.assignments, split->from, k, split->members, split->assignments);
      state_.classes[k].mask_radius = state_.classes[split->from].mask_radius;
    }
  }

  void maximise(IterationReport& report) {
    state_.summed_shells = shells_to_sum(stack_, state_.band_limit);
    report.accumulation_seconds = made_.sum(state_.summed_shells);
    std::vector<Volume<float>> before;
    for (AverageMaps& one : made_.maps()) before.push_back(std::move(one.map));
    made_.measure();
    const bool due = symmetry_is_due();
    if (due) match_groups(before);
    if (due && impose_symmetry(must_impose_symmetry())) {
      // The same map as before, in other axes and symmetric.
      for (int k = 0; k < options_.classes; ++k)
        if (state_.classes[k].symmetric()) before[k] = made_.map(k).map;
      report.accumulation_seconds += made_.sum(state_.summed_shells);
      made_.measure();
    }
    report.map_correlation = 1;
    for (int k = 0; k < options_.classes; ++k) {
      const bool empty = state_.classes[k].prior == 0;
      const double alike = empty ? 1 : masked_correlation(before[k], made_.map(k).map, made_.mask(k));
      if (!empty) find_mask(k);
      ClassStatus& line = describe_class(k, report);
      line.map_correlation = alike;
      describe_coverage(state_.assignments, k, line, groups()[k]);
      report.map_correlation = std::min(report.map_correlation, line.map_correlation);
      report.mask_radius_A = std::max(report.mask_radius_A, line.mask_radius_A);
    }
    move_band_limit();
  }

  void find_mask(int k) {
    if (options_.mask_diameter_A || !given_.mask.empty()) return;
    state_.classes[k].mask_radius = radius_of(made_.sums(k), made_.resolution(k), outer_radius_, stack_, options_);
    made_.measure(k);
  }

  bool symmetry_is_due() const {
    if (symmetric() || state_.iteration + 1 < options_.symmetry_from) return false;
    if (!options_.symmetry_resolution_A || must_impose_symmetry()) return true;
    return std::any_of(made_.maps().begin(), made_.maps().end(),
                       [&](const AverageMaps& one) { return one.resolution_A <= *options_.symmetry_resolution_A; });
  }
  // Whatever the half-sets say: three iterations after it might have been first, when two are left to settle in, or
  // when nothing changes any more.
  bool must_impose_symmetry() const {
    const bool waited = !options_.symmetry_resolution_A && state_.iteration + 1 >= options_.symmetry_from + 3;
    return waited || state_.iteration + 3 >= options_.iterations || reason_to_stop(state_.reports);
  }

  void move_band_limit() {
    const int64_t top = highest_shell(stack_, options_);
    double crossing = 1;
    for (const Resolution& one : made_.resolutions()) crossing = std::max(crossing, one.crossing_shell);
    const auto reached = static_cast<int64_t>(std::lround(crossing)) + 2;
    const int64_t next = std::clamp(reached, state_.band_limit - 2, state_.band_limit + 4);
    state_.band_limit = std::clamp(next, std::min(first_shell(stack_, options_), top), top);
  }

  ParticleStack& stack_;
  const AverageOptions& options_;
  const AverageGiven& given_;
  ExecContext& context_;
  std::vector<int> fold_of_;
  ClassSymmetry symmetry_;
  double outer_radius_;
  ReferenceSet references_;
  AverageState state_;
  ClassMaps made_;
};

}  // namespace

AverageResult average_particles(ParticleStack& stack, const AverageOptions& options, ExecContext& context,
                                const IterationCallback& after_iteration, const AverageState* resume,
                                const AverageGiven& given) {
  if (options.classes > stack.count())
    throw UserError(fmt::format("--classes {}: more than the {} particles there are", options.classes, stack.count()));
  const size_t references = given.references.size();
  if (references > 0 && static_cast<int>(references) != options.classes)
    throw UserError(fmt::format("{} references for {} classes: give one for each", references, options.classes));
  Run run(stack, options, given, context);
  run.begin(resume);
  AverageResult result;
  if (!resume && run.state().iteration > 0 && after_iteration) after_iteration(run.state(), run.maps());
  const auto reason = [&]() -> std::optional<std::string> {
    const auto& reports = run.state().reports;
    if (!options.model.stop_at_rest || reports.empty()) return std::nullopt;
    // A map at rest that is still to be made symmetric moves on.
    const bool may = reports.back().of_start || (run.symmetric() && run.temperature() == 1);
    return may ? reason_to_stop(reports) : std::nullopt;
  };
  auto stop = reason();  // of a start that was all, or of the iteration after which a run was interrupted
  while (!stop && run.state().iteration < options.iterations) {
    run.iterate();
    if (after_iteration) after_iteration(run.state(), run.maps());
    stop = reason();
  }
  result.stop_reason = stop.value_or(fmt::format("{} iterations done", options.iterations));
  result.class_ends = run.finish();
  result.noise_control = run.noise_control();
  result.state = run.state();
  result.maps = run.maps();
  return result;
}

}  // namespace tessera
