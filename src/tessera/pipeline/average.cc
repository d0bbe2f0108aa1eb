// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/average.h"

#include <algorithm>

#include "tessera/average/class_symmetry.h"
#include "tessera/average/paper.h"
#include "tessera/base/describe.h"
#include "tessera/base/stopwatch.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/mrc.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/align.h"
#include "tessera/pipeline/average_mask.h"
#include "tessera/pipeline/checkpoint.h"
#include "tessera/pipeline/particle_files.h"
#include "tessera/pipeline/posterior_table.h"
#include "tessera/pipeline/run_lock.h"
#include "tessera/report/fsc_plot.h"

namespace tessera {
namespace {

void check_model_options(Faults& faults, const ModelOptions& options) {
  if (options.volumes != "laplace" && options.volumes != "voronoi" && options.volumes != "none")
    faults.add(fmt::format("--volumes {}: choose laplace, voronoi or none", options.volumes));
  if (options.band != "grown" && options.band != "nyquist")
    faults.add(fmt::format("--band {}: choose grown or nyquist", options.band));
  if (options.voronoi_samples < 1) faults.add(fmt::format("--voronoi-samples {}: at least 1", options.voronoi_samples));
  for (const auto& [name, value] : {std::pair("voronoi-translation-weight", options.voronoi_translation_weight),
                                    {"ridge", options.ridge},
                                    {"similarity", options.similarity}})
    if (!(value >= 0)) faults.add(fmt::format("--{} {:g}: not below 0", name, value));
  if (options.similarity_iterations < 0)
    faults.add(fmt::format("--similarity-iterations {}: not below 0", options.similarity_iterations));
  if (options.temperature && !(*options.temperature >= 1))
    faults.add(fmt::format("--temperature {:g}: at least 1", *options.temperature));
  if (options.temperature_iterations < 1)
    faults.add(fmt::format("--temperature-iterations {}: at least 1", options.temperature_iterations));
}

void check_symmetry(Faults& faults, const AverageOptions& options) {
  try {
    (void)ClassSymmetry(options.symmetry, std::max(1, options.classes));
  } catch (const UserError& error) {
    faults.add(fmt::format("--symmetry: {}", error.what()));
  }
  if (options.symmetry_axes != "auto" && options.symmetry_axes != "given" && options.symmetry_axes != "found")
    faults.add(fmt::format("--symmetry-axes {}: choose auto, given or found", options.symmetry_axes));
  if (options.symmetry_axes == "found" && options.fixed_poses)
    faults.add("--symmetry-axes found turns the poses, --fixed-poses keeps them: choose one");
  if (options.symmetry_from < 0) faults.add(fmt::format("--symmetry-from {}: not below 0", options.symmetry_from));
  if (options.symmetry_resolution_A && !(*options.symmetry_resolution_A > 0))
    faults.add(fmt::format("--symmetry-resolution {:g}: a length above 0", *options.symmetry_resolution_A));
}

void check_mask(Faults& faults, const AverageRequest& request) {
  if (request.mask.empty()) return;
  require_readable(faults, "--mask", request.mask);
  if (request.references.empty() && request.poses.empty() && !request.average.fixed_poses)
    faults.add(
        "--mask says where in the average to look, but without --reference, --poses or --fixed-poses the average "
        "may lie any way round: average first, make the mask for that map, and give both");
}

void validate(const AverageRequest& request) {
  const AverageOptions& options = request.average;
  Faults faults;
  require_particle_list(faults, request.particles);
  if (!request.poses.empty()) require_readable(faults, "--poses", request.poses);
  for (const std::string& reference : request.references) require_readable(faults, "--reference", reference);
  if (!request.poses.empty() && !request.references.empty()) faults.add("--poses and --reference exclude each other");
  if (!request.poses.empty() && options.fixed_poses)
    faults.add(
        "--poses makes one average at the poses of another list, --fixed-poses classifies at those of the list "
        "itself: choose one");
  check_symmetry(faults, options);
  check_mask(faults, request);
  if (!request.poses.empty() && request.resume) faults.add("--poses makes one average: there is nothing to --resume");
  if (request.output.empty()) faults.add("--output is missing; name the folder for maps and poses");
  if (options.method != "faml" && options.method != "fa")
    faults.add(fmt::format("--method {}: choose faml or fa", options.method));
  if (options.classes < 1) faults.add(fmt::format("--classes {}: at least 1", options.classes));
  if (!request.references.empty() && static_cast<int>(request.references.size()) != options.classes)
    faults.add(fmt::format("{} references for --classes {}: give one map for each class", request.references.size(),
                           options.classes));
  if (options.iterations < 1) faults.add(fmt::format("--iterations {}: at least 1", options.iterations));
  constexpr const char* starts[] = {"auto", "marginal", "particles", "random", "split"};
  if (std::find(std::begin(starts), std::end(starts), options.start) == std::end(starts))
    faults.add(fmt::format("--start {}: choose auto, marginal, particles, random or split", options.start));
  check_model_options(faults, options.model);
  if (options.folds < 1) faults.add(fmt::format("--folds {}: at least 1", options.folds));
  for (const auto& [name, value] : {std::pair("initial-resolution", options.initial_resolution_A),
                                    {"mask-diameter", options.mask_diameter_A},
                                    {"join-resolution", options.join_resolution_A},
                                    {"limit-resolution", options.limit_resolution_A}})
    if (value && !(*value > 0)) faults.add(fmt::format("--{} {:g}: a length above 0", name, *value));
  check_align_options(faults, options.align);
  check_particle_options(faults, request.particle_options);
  faults.raise<UserError>("average");
}

// What a checkpoint must share with the request that continues it.
std::string identity_of(const AverageRequest& request, const ParticleFiles& files, uint64_t seed) {
  nlohmann::ordered_json options = options_json(request);
  for (const char* free : {"iterations", "output", "resume", "halves", "posterior", "memory", "skip-bad"})
    options.erase(free);
  return fmt::format("{} seed {} particles {} of {} at {}", options.dump(), seed, files.set().particles.size(),
                     files.box(), files.voxel_size_A());
}

// The symmetries as they are told, and a warning where an average does not bear its group out.
void tell_symmetry(AverageOutcome& outcome, const AverageOptions& options,
                   std::vector<std::optional<SymmetryStatus>> found, Sink& sink) {
  const ClassSymmetry groups(options.symmetry, options.classes);
  outcome.symmetry = std::move(found);
  for (int k = 0; k < options.classes; ++k) {
    outcome.groups.push_back(groups.name(k));
    const auto& status = outcome.symmetry[k];
    if (!status || !status->imposed || status->first_agreement >= least_symmetry_agreement) continue;
    sink.message(
        Severity::warning,
        fmt::format("class {}: nothing says it has the symmetry {}: before it was imposed, the half-sets' averages "
                    "agreed with each other's turned copies {:.2f} times as well as unturned (a structure with "
                    "the symmetry: about 1). Compare with an average without --symmetry",
                    k + 1, groups.name(k), status->first_agreement));
  }
}

double best_resolution_A(const std::vector<AverageMaps>& maps) {
  double out = maps[0].resolution_A;
  for (const AverageMaps& one : maps) out = std::min(out, one.resolution_A);
  return out;
}

// Everything one iteration leaves on disk.
class Writer {
 public:
  Writer(const AverageRequest& request, const ParticleFiles& files, ExecContext& context, RunRecord& record)
      : request_(request), files_(files), folder_(request.output), record_(record), set_(files.set()) {
    const auto count = static_cast<int64_t>(set_.particles.size());
    const std::vector<int> fold = deal_folds(count, fold_count(count, request.average), context.seed);
    for (int64_t i = 0; i < count; ++i) {
      set_.particles[i].half = fold[i] % 2 + 1;
    }
  }

  void maps(const std::vector<AverageMaps>& classes) const {
    for (size_t k = 0; k < classes.size(); ++k) {
      const std::string name = fmt::format("class_{}", k + 1);
      map(classes[k].map, name + ".mrc", "average");
      if (!request_.halves) continue;
      map(classes[k].half[0], name + "_half1.mrc", "average of half-set 1, unfiltered");
      map(classes[k].half[1], name + "_half2.mrc", "average of half-set 2, unfiltered");
    }
  }

  void particles(const std::vector<Assignment>& assignments) {
    for (size_t i = 0; i < assignments.size(); ++i) {
      Particle& particle = set_.particles[i];
      const WeightedPose& best = assignments[i].poses.front();
      if (!request_.average.fixed_poses) {  // otherwise they are the list's own, to the last digit
        particle.particle_from_ref = best.pose.particle_from_ref;
        particle.shift_A = best.pose.shift_voxels * files_.voxel_size_A();
      }
      particle.class_number = best.class_index + 1;
      particle.log_likelihood = assignments[i].log_likelihood;
      particle.probability = best.probability;
    }
    write_particles(folder_ / "particles.star", set_);
    if (request_.posterior) write_posterior(folder_ / "posterior.star", set_, assignments, files_.voxel_size_A());
  }

  void convergence(const AverageOutcome& outcome, const std::vector<AverageMaps>& maps) const {
    auto list = nlohmann::ordered_json::array();
    for (const IterationReport& report : outcome.reports) list.push_back(report_json(report));
    auto classes = nlohmann::ordered_json::array();
    for (const AverageMaps& one : maps) {
      classes.push_back({{"resolution_A", one.resolution_A}, {"half_set_fsc", one.resolution.fsc}});
      if (one.judged)
        classes.back()["fsc"] = {{"unmasked", one.judged->unmasked},
                                 {"masked", one.judged->masked},
                                 {"randomised", one.judged->randomised},
                                 {"corrected", one.judged->corrected},
                                 {"randomised_from_shell", one.judged->random_from_shell}};
      if (one.symmetry) classes.back()["symmetry"] = symmetry_json(one.symmetry);
    }
    const nlohmann::ordered_json json = {{"resolution_A", best_resolution_A(maps)},
                                         {"voxel_size_A", files_.voxel_size_A()},
                                         {"box", files_.box()},
                                         {"classes", classes},
                                         {"start", start_json(outcome.start)},
                                         {"iterations", list},
                                         {"class_ends", start_json(outcome.class_ends.passes)}};
    write_text_file(folder_ / "convergence.json", json.dump(2) + "\n");
  }

  // Of judged maps: fsc_class_K.png and .svg.
  void curves(const std::vector<AverageMaps>& classes) const {
    for (size_t k = 0; k < classes.size(); ++k) {
      const AverageMaps& one = classes[k];
      if (!one.judged) continue;
      write_fsc_plot(folder_ / fmt::format("fsc_class_{}", k + 1),
                     {.title = fmt::format("class {}: half-set FSC", k + 1),
                      .unmasked = one.judged->unmasked,
                      .masked = one.judged->masked,
                      .randomised = one.judged->randomised,
                      .corrected = one.judged->corrected,
                      .box = files_.box(),
                      .voxel_size_A = files_.voxel_size_A(),
                      .resolution_A = one.resolution_A});
    }
  }

  void record(const AverageOutcome& outcome) {
    record_.set_result("average", outcome.json());
    record_.write(folder_ / "run.json");
  }

 private:
  void map(const Volume<float>& voxels, const std::string& name, const char* label) const {
    write_mrc(folder_ / name, {voxels, files_.voxel_size_A(), {}}, {.label = label});
  }

  const AverageRequest& request_;
  const ParticleFiles& files_;
  std::filesystem::path folder_;
  RunRecord& record_;
  ParticleSet set_;
};

// One average at given poses.
AverageOutcome average_once(const AverageRequest& request, const ParticleFiles& files, const ParticleStack& stack,
                            const AverageGiven& given, ExecContext& context, RunRecord& record,
                            AverageOutcome outcome) {
  std::vector<WeightedPose> poses = files.poses_from(request.poses, request.average.classes);
  StepTimer timer(record, "maximisation");
  const auto maps = average_at_poses(stack, poses, request.average, context, given.mask, &poses);
  timer.stop();
  std::vector<Assignment> assignments(poses.size());
  for (size_t i = 0; i < poses.size(); ++i) assignments[i].poses = {poses[i]};
  throw_if_stopped(context, "nothing was written");
  if (context.comm.rank() != 0) return outcome;
  Writer writer(request, files, context, record);
  writer.maps(maps);
  writer.particles(assignments);
  writer.curves(maps);
  writer.convergence(outcome, maps);
  outcome.resolution_A = best_resolution_A(maps);
  outcome.occupancies = occupancies(assignments, request.average.classes);
  outcome.stop_reason = "averaged at the poses of " + request.poses;
  std::vector<std::optional<SymmetryStatus>> symmetry;
  for (const AverageMaps& one : maps) symmetry.push_back(one.symmetry);
  tell_symmetry(outcome, request.average, std::move(symmetry), context.sink);
  writer.record(outcome);
  return outcome;
}

AverageOutcome iterate(const AverageRequest& request, const ParticleFiles& files, ParticleStack& stack,
                       const AverageGiven& given, ExecContext& context, RunRecord& record, AverageOutcome outcome) {
  const std::filesystem::path checkpoint_file = std::filesystem::path(request.output) / "checkpoint.cbor";
  const std::string identity = identity_of(request, files, context.seed);
  std::optional<Checkpoint> earlier;
  if (request.resume) {
    earlier = read_checkpoint(checkpoint_file, identity);
    context.sink.message(Severity::info, earlier ? fmt::format("resuming after iteration {}", earlier->state.iteration)
                                                 : "no checkpoint to resume from: starting anew");
    if (earlier)
      require_fitting_state(earlier->state, stack.count(), request.average.classes, stack.box(), checkpoint_file);
    if (earlier) {
      outcome.start = earlier->state.start;
      outcome.reports = earlier->state.reports;
    }
  }
  Writer writer(request, files, context, record);
  bool wrote = false;
  const Stopwatch watch;
  const auto save = [&](const AverageState& state, const std::vector<AverageMaps>& maps) {
    const IterationReport& report = state.reports.back();
    outcome.start = state.start;
    outcome.reports = state.reports;
    outcome.iterations = state.iteration;
    outcome.resolution_A = report.resolution_A;
    outcome.occupancies = occupancies(state.assignments, request.average.classes);
    const double in_iteration = report.reference_seconds + report.expectation_seconds + report.maximisation_seconds;
    if (!wrote) record.add_timing("start", watch.seconds() - in_iteration);
    record.add_timing("references", report.reference_seconds);
    record.add_timing("expectation", report.expectation_seconds);
    record.add_timing("maximisation", report.maximisation_seconds);
    wrote = true;
    if (context.comm.rank() != 0) return;
    StepTimer timer(record, "write");
    writer.maps(maps);
    writer.particles(state.assignments);
    writer.convergence(outcome, maps);
    write_checkpoint(checkpoint_file, {identity, state});
    timer.stop();
    writer.record(outcome);
    context.sink.message(Severity::info,
                         fmt::format("iteration {}: resolution {:.1f} Å, mean rotation change {:.2f}°, map correlation "
                                     "{:.4f}, band limit {:.1f} Å",
                                     report.iteration, report.resolution_A, report.mean_rotation_change_deg,
                                     report.map_correlation, report.band_limit_A));
  };
  try {
    const AverageResult result =
        average_particles(stack, request.average, context, save, earlier ? &earlier->state : nullptr, given);
    outcome.stop_reason = result.stop_reason;
    outcome.noise_control = result.noise_control;
    outcome.class_ends = result.class_ends;
    for (const StartPass& pass : outcome.class_ends.passes) record.add_timing("class ends", pass.seconds);
    if (outcome.noise_control && !outcome.noise_control->tells_from_noise())
      context.sink.message(
          Severity::warning,
          fmt::format(
              "no structure: the particles match their average (correlation {:.2f}) hardly better than noise "
              "does ({:.2f} ± {:.2f}); the maps and their resolution mean nothing. Are these boxes of particles, "
              "and of one kind?",
              outcome.noise_control->correlation, outcome.noise_control->of_noise,
              outcome.noise_control->standard_error));
    outcome.iterations = result.state.iteration;
    outcome.resolution_A = best_resolution_A(result.maps);
    outcome.occupancies = occupancies(result.state.assignments, request.average.classes);
    std::vector<std::optional<SymmetryStatus>> symmetry;
    for (const ClassState& one : result.state.classes) symmetry.push_back(one.symmetry);
    tell_symmetry(outcome, request.average, std::move(symmetry), context.sink);
    if (context.comm.rank() != 0) return outcome;
    const bool may_be_turned = !request.average.symmetry.empty();
    if (may_be_turned || outcome.class_ends.any()) writer.particles(result.state.assignments);
    writer.maps(result.maps);
    writer.curves(result.maps);
    writer.convergence(outcome, result.maps);
  } catch (const Interrupted&) {
    const bool saved = wrote || earlier;
    throw Interrupted(saved ? fmt::format("stopped; iteration {} is saved in {}, --resume continues from it",
                                          std::max(outcome.iterations, earlier ? earlier->state.iteration : 0),
                                          request.output)
                            : "stopped before the first iteration was done; nothing was written");
  }
  writer.record(outcome);
  return outcome;
}

int64_t comparisons(const std::vector<StartPass>& passes) {
  int64_t out = 0;
  for (const StartPass& pass : passes) out += pass.particles * pass.classes;
  return out;
}

}  // namespace

bool apply_preset(AverageRequest& request) {
  if (!request.average.model.paper) return false;
  set_paper_mode(request.average);
  return true;
}

nlohmann::ordered_json AverageOutcome::json() const {
  nlohmann::ordered_json out = {{"folder", folder},          {"map", map},
                                {"particles", particles},    {"skipped", skipped},
                                {"classes", classes},        {"occupancies", occupancies},
                                {"iterations", iterations},  {"resolution_A", resolution_A},
                                {"stop_reason", stop_reason}};
  if (noise_control)
    out["noise_control"] = {{"particles", noise_control->particles},
                            {"correlation", noise_control->correlation},
                            {"of_noise", noise_control->of_noise},
                            {"standard_error", noise_control->standard_error},
                            {"tells_from_noise", noise_control->tells_from_noise()}};
  if (std::any_of(symmetry.begin(), symmetry.end(), [](const auto& one) { return one.has_value(); })) {
    out["symmetry"] = nlohmann::ordered_json::array();
    for (size_t k = 0; k < symmetry.size(); ++k) {
      nlohmann::ordered_json line = {{"group", groups[k]}};
      if (symmetry[k]) line.update(symmetry_json(symmetry[k]));
      out["symmetry"].push_back(line);
    }
  }
  if (reports.empty()) return out;
  out["last_iteration"] = report_json(reports.back());
  // What time is to be measured against: particles compared, with every class.
  out["comparisons"] = {{"start", comparisons(start)},
                        {"iterations", particles * classes * iterations},
                        {"class_ends", comparisons(class_ends.passes)}};
  if (class_ends.any()) out["class_end_effective_poses"] = class_ends.effective_poses;
  double rotations = 0, shifts = 0, refinement = 0;  // of the E-steps, all threads, all iterations
  for (const IterationReport& report : reports) {
    rotations += report.rotation_core_seconds;
    shifts += report.translation_core_seconds;
    refinement += report.refinement_core_seconds;
  }
  out["expectation_core_seconds"] = {{"rotations", rotations}, {"shifts", shifts}, {"refinement", refinement}};
  return out;
}

AverageOutcome run_average(const AverageRequest& request, ExecContext& context, const CommandLine& command_line) {
  validate(request);
  ParticleFiles files(request.particles, request.particle_options, context);
  AverageGiven given;
  for (const std::string& reference : request.references)
    given.references.push_back(read_reference(reference, files.box(), files.voxel_size_A(), request.rescale_reference));
  if (!request.mask.empty())
    given.mask = read_mask(request.mask, files.box(), files.voxel_size_A(), request.average, context.sink);
  std::optional<RunLock> lock;
  if (context.comm.rank() == 0) {
    prepare_folder(request.output);
    lock.emplace(request.output);
  }
  RunRecord record("average", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  record.set_ranks(context.comm.size());
  if (!request.poses.empty()) record.add_input(request.poses);
  for (const std::string& reference : request.references) record.add_input(reference);
  if (!request.mask.empty()) record.add_input(request.mask);

  AverageOutcome outcome;
  outcome.folder = request.output;
  outcome.map = (std::filesystem::path(request.output) / "class_1.mrc").string();
  outcome.classes = request.average.classes;
  for (int k = 1; k <= outcome.classes; ++k)
    record.add_output((std::filesystem::path(request.output) / fmt::format("class_{}.mrc", k)).string());
  StepTimer reading(record, "read particles");
  ParticleStack stack = files.load(request.average, context);
  files.record_inputs(record);
  reading.stop();
  outcome.particles = stack.count();
  outcome.skipped = files.skipped();
  if (request.average.fixed_poses) given.poses = files.own_poses();
  return request.poses.empty() ? iterate(request, files, stack, given, context, record, std::move(outcome))
                               : average_once(request, files, stack, given, context, record, std::move(outcome));
}

}  // namespace tessera
