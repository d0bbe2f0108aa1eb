// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/demo.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/describe.h"
#include "tessera/base/stopwatch.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/average.h"
#include "tessera/pipeline/compare.h"
#include "tessera/pipeline/shared_files.h"
#include "tessera/pipeline/simulate_particles.h"
#include "tessera/report/orthoslices.h"

namespace tessera {
namespace {

// Where the correlation is under √½, less than half of the average's variance is the structure's.
constexpr double least_correlation = 0.707, least_of_ceiling = 0.95, largest_resolution_ratio = 1.2;

// Counts the steps: "[2/8] ribosome: iteration 3".
class StepSink : public PrefixSink {
 public:
  StepSink(Sink& sink, size_t steps) : PrefixSink(sink), steps_(steps) {}
  void next(const std::string& structure, const std::string& what) {
    set_prefix(fmt::format("[{}/{}] {}: ", ++step_, steps_, structure));
    message(Severity::info, what);
  }

 private:
  size_t steps_, step_ = 0;
};
constexpr size_t steps_per_structure = 4;

// "builtin:ribosome" → "ribosome", "data/1kp8.pdb.gz" → "1kp8"; a number is put after a name that is taken.
std::vector<std::string> short_names(const std::vector<std::string>& structures) {
  std::vector<std::string> names;
  for (const std::string& structure : structures) {
    const std::string file = std::filesystem::path(structure.substr(structure.find(':') + 1)).filename().string();
    const std::string stem = file.substr(0, file.find('.', 1));
    std::string name = stem;
    for (int i = 2; std::find(names.begin(), names.end(), name) != names.end(); ++i)
      name = fmt::format("{}-{}", stem, i);
    names.push_back(name);
  }
  return names;
}

// The structure takes three quarters of the box: room for shifts of a tenth of it. In halves of an Å.
double fitting_voxel_size(const std::string& structure, int box) {
  DensityOptions coarse;
  coarse.box = 16;
  coarse.voxel_size_A = 50;
  coarse.resolution_A = 100;
  coarse.kernel = "situs";
  coarse.allow_outside = true;
  const double diameter_A = density_of(load_structure(structure), coarse).diameter_A;
  return std::max(0.5, std::ceil(2 * diameter_A / (0.75 * box)) / 2);
}

double shift_room(int box) {
  return box / 10.0;
}

SimulateParticlesRequest simulation(const DemoRequest& request, const std::string& structure, double voxel_size_A) {
  SimulateParticlesRequest out;
  out.structures = {structure};
  out.copies = {request.particles};
  out.density.box = request.box;
  out.density.voxel_size_A = voxel_size_A;
  out.density.resolution_A = 2 * voxel_size_A;
  out.imaging.snr = request.snr;
  out.imaging.max_shift_voxels = shift_room(request.box);
  return out;
}

void validate(const DemoRequest& request) {
  Faults faults;
  if (request.structures.empty()) faults.add("--structure: name at least one, for example builtin:ribosome");
  for (const std::string& structure : request.structures) check_structure(faults, structure);
  if (request.particles < 2) faults.add(fmt::format("--particles {}: at least 2", request.particles));
  if (request.box < 16 || request.box > 512 || request.box % 2 != 0)
    faults.add(fmt::format("--box {}: an even number from 16 to 512", request.box));
  if (request.iterations < 1) faults.add(fmt::format("--iterations {}: at least 1", request.iterations));
  if (request.output.empty()) faults.add("--output is missing; name the folder for everything the demo makes");
  simulation(request, "", 10).imaging.add_faults(faults);
  faults.raise<UserError>("demo");
}

// What the eye can judge: a particle as it was recorded, the average turned onto the truth, the average at the true
// poses, the truth.
void write_figure(const DemoResult& result, const std::filesystem::path& folder) {
  const ParticleSet particles = read_particles(folder / "particles/particles.star");
  const Map particle = read_mrc(resolve(particles, particles.particles.front().image));
  const Map average = read_mrc(folder / "average/class_1.mrc"), ceiling = read_mrc(folder / "true_poses/class_1.mrc");
  const Map truth = read_mrc(folder / "particles/truth_1.mrc");
  const Pose& average_from_truth = result.average.map_from_reference;
  const Rotation back = average_from_truth.particle_from_ref.inverse();
  const Pose truth_from_average{back, back * (average_from_truth.shift_voxels * -1)};
  const GreyImage figure = orthoslice_figure({{"one particle", particle.voxels},
                                              {"average", transformed_map(average.voxels, truth_from_average)},
                                              {"at true poses", ceiling.voxels},
                                              {"truth", truth.voxels}},
                                             average.voxel_size_A);
  write_png(result.figure, figure);
}

// The four steps of one structure.
class StructureDemo {
 public:
  StructureDemo(const DemoRequest& request, StepSink& steps, ExecContext& context, RunRecord& record)
      : request_(request), steps_(steps), context_(context), record_(record) {}

  DemoResult run(const std::string& structure, const std::string& name, double voxel_size_A) const {
    const Stopwatch watch;
    const std::filesystem::path folder = std::filesystem::path(request_.output) / name;
    DemoResult result;
    result.structure = structure;
    result.folder = folder.string();
    result.figure = (folder / "figure.png").string();
    result.voxel_size_A = voxel_size_A;
    simulate(result, name, folder);
    average(result, name, folder);
    compare(result, name, folder);
    result.seconds = watch.seconds();
    return result;
  }

 private:
  void simulate(DemoResult& result, const std::string& name, const std::filesystem::path& folder) const {
    SimulateParticlesRequest request = simulation(request_, result.structure, result.voxel_size_A);
    request.output = (folder / "particles").string();
    const auto& tilts = request.imaging.tilt_range_deg;
    steps_.next(name,
                fmt::format("simulating {} subtomograms of {}³ voxels of {:g} Å, tilts {:g}° … {:g}°, SNR {:g}",
                            request_.particles, request_.box, result.voxel_size_A, tilts[0], tilts[1], request_.snr));
    StepTimer timer(record_, "simulate particles");
    const SimulateParticlesOutcome made = run_simulate_particles(request, context_);
    result.particles = made.particles;
    result.box = made.box;
    result.snr = made.snr;
  }

  AverageRequest averaging(const std::filesystem::path& folder, const char* output) const {
    AverageRequest request;
    request.particles = (folder / "particles/particles.star").string();
    request.average.iterations = request_.iterations;
    request.average.align.max_shift_voxels = shift_room(request_.box) + 1;
    request.output = (folder / output).string();
    return request;
  }

  void average(DemoResult& result, const std::string& name, const std::filesystem::path& folder) const {
    steps_.next(name, "averaging without a reference");
    StepTimer timer(record_, "average");
    const AverageOutcome made = run_average(averaging(folder, "average"), context_);
    result.average_seconds = timer.stop();
    result.iterations = made.iterations;
    result.half_set_resolution_A = made.resolution_A;
    steps_.next(name, "averaging at the true poses, the best that could be hoped for");
    StepTimer ceiling(record_, "average at true poses");
    AverageRequest request = averaging(folder, "true_poses");
    request.poses = (folder / "particles/truth.star").string();
    run_average(request, context_);
  }

  void compare(DemoResult& result, const std::string& name, const std::filesystem::path& folder) const {
    steps_.next(name, "comparing both with the truth");
    StepTimer timer(record_, "compare");
    CompareRequest request;
    request.reference = (folder / "particles/truth_1.mrc").string();
    request.map = (folder / "true_poses/class_1.mrc").string();
    result.true_poses = run_compare(request, context_).comparison.same_hand;
    request.map = (folder / "average/class_1.mrc").string();
    request.output = (folder / "comparison").string();
    const CompareOutcome outcome = run_compare(request, context_);
    result.average = outcome.comparison.same_hand;
    result.mirrored = outcome.comparison.mirrored;
    write_figure(result, folder);
  }

  const DemoRequest& request_;
  StepSink& steps_;
  ExecContext& context_;
  RunRecord& record_;
};

}  // namespace

std::vector<std::string> DemoResult::shortcomings() const {
  std::vector<std::string> out;
  if (!(average.correlation_masked >= least_correlation))
    out.push_back(fmt::format("correlation with the truth {:.3f}, mostly noise", average.correlation_masked));
  else if (!(correlation_of_ceiling() >= least_of_ceiling))
    out.push_back(fmt::format("correlation with the truth {:.3f}, at the true poses {:.3f}", average.correlation_masked,
                              true_poses.correlation_masked));
  if (!(average.fsc_half_A <= largest_resolution_ratio * true_poses.fsc_half_A))
    out.push_back(
        fmt::format("FSC 0.5 at {:.1f} Å, at the true poses {:.1f} Å", average.fsc_half_A, true_poses.fsc_half_A));
  if (!right_hand()) out.emplace_back("the mirror image of the truth fits it better");
  return out;
}

nlohmann::ordered_json DemoResult::json() const {
  return {{"structure", structure},
          {"folder", folder},
          {"figure", figure},
          {"particles", particles},
          {"box", box},
          {"voxel_size_A", voxel_size_A},
          {"snr", snr},
          {"iterations", iterations},
          {"half_set_resolution_A", half_set_resolution_A},
          {"correlation", average.correlation_masked},
          {"correlation_at_true_poses", true_poses.correlation_masked},
          {"correlation_of_ceiling", correlation_of_ceiling()},
          {"fsc_0.5_A", average.fsc_half_A},
          {"fsc_0.5_A_at_true_poses", true_poses.fsc_half_A},
          {"fsc_0.143_A", average.fsc_0143_A},
          {"fsc_0.143_A_at_true_poses", true_poses.fsc_0143_A},
          {"right_hand", right_hand()},
          {"good", shortcomings().empty()},
          {"shortcomings", shortcomings()},
          {"average_seconds", average_seconds},
          {"seconds", seconds}};
}

bool DemoOutcome::good() const {
  return std::all_of(results.begin(), results.end(), [](const DemoResult& r) { return r.shortcomings().empty(); });
}

nlohmann::ordered_json DemoOutcome::json() const {
  auto list = nlohmann::ordered_json::array();
  for (const DemoResult& result : results) list.push_back(result.json());
  return {{"folder", folder}, {"good", good()}, {"seconds", seconds}, {"structures", list}};
}

std::filesystem::path demo_pipeline(const std::filesystem::path& folder) {
  if (folder.empty()) throw UserError("demo: --output is missing; name the folder for everything the demo makes");
  prepare_folder(folder);
  for (const char* name : {"scene.toml", "pipeline.toml"})
    if (!std::filesystem::exists(folder / name))
      write_text_file(folder / name, read_text_file(shared_file(std::filesystem::path("examples/demo") / name)));
  return folder / "pipeline.toml";
}

DemoOutcome run_demo(const DemoRequest& request, ExecContext& context, const CommandLine& command_line) {
  validate(request);
  const Stopwatch watch;
  RunRecord record("demo", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  for (const std::string& structure : request.structures) record_structure(record, structure);
  std::vector<double> voxel_sizes;
  for (const std::string& structure : request.structures)
    voxel_sizes.push_back(fitting_voxel_size(structure, request.box));
  const std::filesystem::path folder = request.output;
  prepare_folder(folder);
  for (const char* earlier : {"results.json", "run.json"}) std::filesystem::remove(folder / earlier);

  DemoOutcome outcome;
  outcome.folder = request.output;
  const std::vector<std::string> names = short_names(request.structures);
  StepSink steps(context.sink, steps_per_structure * names.size());
  ExecContext inner{context.threads, context.comm, steps, context.seed, context.stop};
  const StructureDemo demo(request, steps, inner, record);
  try {
    for (size_t i = 0; i < names.size(); ++i) {
      outcome.results.push_back(demo.run(request.structures[i], names[i], voxel_sizes[i]));
      record.add_output(folder / names[i]);
    }
  } catch (const Interrupted&) {
    throw Interrupted(
        fmt::format("stopped; the finished steps are in {}, the same command starts anew", request.output));
  }
  outcome.seconds = watch.seconds();
  write_text_file(folder / "results.json", outcome.json().dump(2) + "\n");
  record.set_result("demo", outcome.json());
  record.write(folder / "run.json");
  return outcome;
}

}  // namespace tessera
