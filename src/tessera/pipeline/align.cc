// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/align.h"

#include "tessera/average/align_to_map.h"
#include "tessera/average/averager.h"
#include "tessera/average/class_symmetry.h"
#include "tessera/base/describe.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/average_mask.h"
#include "tessera/pipeline/particle_files.h"
#include "tessera/pipeline/run_lock.h"

namespace tessera {
namespace {

void validate(const AlignRequest& request) {
  Faults faults;
  require_particle_list(faults, request.particles);
  require_readable(faults, "--reference", request.reference);
  if (request.output.empty()) faults.add("--output is missing; name the STAR file to write");
  for (const auto& [name, value] :
       {std::pair("mask-diameter", request.mask_diameter_A), {"limit-resolution", request.limit_resolution_A}})
    if (value && !(*value > 0)) faults.add(fmt::format("--{} {:g}: a length above 0", name, *value));
  if (!request.mask.empty()) require_readable(faults, "--mask", request.mask);
  try {
    (void)ClassSymmetry(request.symmetry, 1);
  } catch (const UserError& error) {
    faults.add(fmt::format("--symmetry: {}", error.what()));
  }
  check_align_options(faults, request.align);
  check_particle_options(faults, request.particle_options);
  faults.raise<UserError>("align");
}

}  // namespace

void check_align_options(Faults& faults, const AlignOptions& options) {
  try {
    (void)options.mode();
  } catch (const UserError& error) {
    faults.add(error.what());
  }
  if (options.max_shift_voxels < 0) faults.add(fmt::format("--max-shift {:g}: not negative", options.max_shift_voxels));
  if (options.bandwidth < 0 || options.bandwidth > 256)
    faults.add(fmt::format("--bandwidth {}: 0 (chosen) to 256", options.bandwidth));
  if (options.max_bandwidth < 4 || options.max_bandwidth > 256)
    faults.add(fmt::format("--max-bandwidth {}: 4 to 256", options.max_bandwidth));
  if (options.candidates < 1) faults.add(fmt::format("--candidates {}: at least 1", options.candidates));
  if (options.refined < 1) faults.add(fmt::format("--refined {}: at least 1", options.refined));
  if (!(options.separation_deg > 0)) faults.add(fmt::format("--separation {:g}: above 0", options.separation_deg));
}

nlohmann::ordered_json AlignOutcome::json() const {
  return {{"star", star},
          {"particles", particles},
          {"skipped", skipped},
          {"mean_correlation", mean_correlation},
          {"mean_shift_A", mean_shift_A},
          {"seconds_per_particle", seconds_per_particle}};
}

AlignOutcome run_align(const AlignRequest& request, ExecContext& context, const CommandLine& command_line) {
  validate(request);
  ParticleFiles files(request.particles, request.particle_options, context);
  const Volume<float> reference =
      read_reference(request.reference, files.box(), files.voxel_size_A(), request.rescale_reference);
  std::optional<RunLock> lock;
  if (context.comm.rank() == 0) {
    prepare_folder_of(request.output);
    lock.emplace(request.output);
  }
  RunRecord record("align", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  record.set_ranks(context.comm.size());
  record.add_input(request.reference);

  AverageOptions options;
  options.align = request.align;
  options.mask_diameter_A = request.mask_diameter_A;
  options.limit_resolution_A = request.limit_resolution_A;
  options.folds = 1;
  options.symmetry = request.symmetry;
  Volume<float> mask;
  if (!request.mask.empty()) {
    mask = read_mask(request.mask, files.box(), files.voxel_size_A(), options, context.sink);
    record.add_input(request.mask);
  }
  StepTimer reading(record, "read particles");
  ParticleStack stack = files.load(options, context);
  files.record_inputs(record);
  reading.stop();
  StepTimer aligning(record, "align");
  const std::vector<Assignment> assignments = align_to_map(stack, reference, options, context, mask);
  AlignOutcome outcome;
  outcome.star = request.output;
  outcome.particles = stack.count();
  outcome.skipped = files.skipped();
  outcome.seconds_per_particle = aligning.stop() / static_cast<double>(stack.count());

  ParticleSet set = files.set();
  for (size_t i = 0; i < assignments.size(); ++i) {
    const WeightedPose& best = assignments[i].poses.front();
    Particle& particle = set.particles[i];
    particle.particle_from_ref = best.pose.particle_from_ref;
    particle.shift_A = best.pose.shift_voxels * files.voxel_size_A();
    particle.log_likelihood = assignments[i].log_likelihood;
    particle.probability = best.probability;
    outcome.mean_correlation += assignments[i].correlation / static_cast<double>(outcome.particles);
    outcome.mean_shift_A += particle.shift_A.norm() / static_cast<double>(outcome.particles);
  }
  throw_if_stopped(context, "nothing was written");
  if (context.comm.rank() != 0) return outcome;
  StepTimer writing(record, "write");
  write_particles(request.output, set);
  writing.stop();
  record.add_output(request.output);
  record.set_result("align", outcome.json());
  record.write(record_path(request.output));
  return outcome;
}

}  // namespace tessera
