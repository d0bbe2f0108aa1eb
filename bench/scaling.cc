// SPDX-License-Identifier: GPL-3.0-or-later
// How time and memory of `average` grow with the number of particles, the box, the classes and the threads.
//   scaling [--particles 10 30 100 300 1000] [--boxes 32 64 128] [--class-counts 1 2 4 8] [--thread-counts 1 2 4]
//           [--option …]: --help lists the options, those of bench and of the verbs; --memory GB makes long lists
//           stream
// Each row is a process of its own, so that its peak memory is its own. Around one point (--copies particles, the first
// box, one class, one thread) one number is varied at a time; particles of a list are the first of one data set.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "tessera/io/particles.h"
#include "tests/science/experiment_options.h"
#include "tests/science/program.h"
#include "tests/science/work_folder.h"

namespace tessera::science {
namespace {

namespace fs = std::filesystem;

struct ScalingOptions {
  std::vector<int> particles{10, 30, 100, 300, 1000}, boxes{32, 64, 128}, class_counts{1, 2, 4, 8},
      thread_counts{1, 2, 4};
  double field_A = 384;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"particles", "", "Lengths of the list", "Scaling"}, particles);
    visit(Option{"boxes", "voxels", "Boxes, each over the same field", "Scaling"}, boxes);
    visit(Option{"class-counts", "", "Numbers of classes", "Scaling"}, class_counts);
    visit(Option{"thread-counts", "", "Numbers of threads", "Scaling"}, thread_counts);
    visit(Option{"field", "Å", "Edge of every box", "Scaling"}, field_A);
  }
};

struct Point {
  int particles, box, classes, threads;
};

// Runs `work` in a process of its own; its processor seconds.
double in_child(const std::function<void()>& work) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw UserError("no further process can be started");
  if (child == 0) {
    try {
      work();
      _exit(0);
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
      std::fflush(stderr);
      _exit(1);
    }
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  if (status != 0) throw UserError("a run failed; see above");
  return processor_seconds(usage);
}

class Scaling {
 public:
  Scaling(const Experiment& experiment, const RunOptions& run, const ScalingOptions& options)
      : experiment_(experiment), run_(run), options_(options), work_("scaling", run.keep) {}

  void table() {
    const Point centre{experiment_.simulation.copies[0], options_.boxes.front(), 1, std::max(1, run_.threads)};
    fmt::print("{}, SNR {:g}, at most {} iterations\n\n",
               fs::path(experiment_.simulation.structures[0]).filename().string(), experiment_.simulation.imaging.snr,
               experiment_.average.average.iterations);
    fmt::print(
        "| particles | box | classes | threads | iterations | core s | s | in iterations: ms × threads a particle, ");
    fmt::print(
        "class and iteration | of the whole run, passes beside them counted | memory, MB "
        "|\n|---|---|---|---|---|---|---|---|---|---|\n");
    measure(centre);
    vary(centre, options_.particles, &Point::particles);
    vary(centre, options_.boxes, &Point::box);
    vary(centre, options_.class_counts, &Point::classes);
    vary(centre, options_.thread_counts, &Point::threads);
  }

 private:
  void vary(Point point, const std::vector<int>& values, int Point::*number) {
    const int centre = point.*number;
    for (const int value : values) {
      point.*number = value;
      if (value != centre) measure(point);
    }
  }

  // The data set of a box, as long as the longest list that needs it.
  fs::path data(int box, int particles) {
    const fs::path folder = work_.path / fmt::format("box_{}", box);
    if (!fs::exists(folder / "truth.star"))
      in_child([&] {
        SimulateParticlesRequest request = experiment_.simulation;
        request.copies = {
            box == options_.boxes.front()
                ? std::max(particles, *std::max_element(options_.particles.begin(), options_.particles.end()))
                : particles};
        request.density.box = box;
        request.density.voxel_size_A = options_.field_A / box;
        request.density.resolution_A = 2 * options_.field_A / box;
        request.output = folder;
        Threads threads(0);
        run_simulate_particles(request, context(threads));
      });
    ParticleSet set = read_particles(folder / "particles.star");
    if (particles > static_cast<int>(set.particles.size())) throw InternalError("too short a data set");
    set.particles.resize(particles);
    const fs::path list = folder / fmt::format("first_{}.star", particles);
    write_particles(list, set);
    return list;
  }

  void measure(const Point& point) {
    AverageRequest request = experiment_.average;
    request.particles = data(point.box, point.particles);
    request.output = work_.path / "average";
    request.average.classes = point.classes;
    const double core_seconds = in_child([&] {
      Threads threads(point.threads);
      run_average(request, context(threads));
    });
    const auto record = nlohmann::json::parse(std::ifstream(fs::path(request.output) / "run.json"));
    const auto& timings = record.at("timings_s");
    const auto& result = record.at("results").at("average");
    const int iterations = result.at("iterations");
    double in_iterations = 0;
    for (const char* step : {"references", "expectation", "maximisation"})
      in_iterations += timings.at(step).get<double>();
    const auto& comparisons = result.at("comparisons");
    const auto units = comparisons.at("iterations").get<double>();
    const double beside = comparisons.at("start").get<double>() + comparisons.at("class_ends").get<double>();
    fmt::print("| {} | {}³ | {} | {} | {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.0f} |\n", point.particles, point.box,
               point.classes, point.threads, iterations, core_seconds, record.at("elapsed_s").get<double>(),
               1e3 * in_iterations * point.threads / units, 1e3 * core_seconds / (beside + units),
               1e-6 * record.at("peak_memory_bytes").get<double>());
    std::fflush(stdout);
    fs::remove_all(request.output);
  }

  ExecContext& context(Threads& threads) {
    context_ =
        std::make_unique<ExecContext>(ExecContext{threads, comm_, sink_, static_cast<uint64_t>(run_.first_seed)});
    return *context_;
  }

  Experiment experiment_;
  RunOptions run_;
  ScalingOptions options_;
  WorkFolder work_;
  LocalComm comm_;
  SilentSink sink_;
  std::unique_ptr<ExecContext> context_;
};

int run(const std::vector<std::string>& words) {
  Experiment experiment;
  experiment.simulation.structures = {"builtin:ribosome"};
  experiment.simulation.copies = {100};
  experiment.average.average.iterations = 3;
  RunOptions options;
  options.threads = 1;
  ScalingOptions scaling;
  ExperimentParser parser("scaling");
  parser.add(scaling);
  if (!parser.parse(words, experiment, options)) return 0;
  Scaling(experiment, options, scaling).table();
  return 0;
}

}  // namespace
}  // namespace tessera::science

int main(int argc, char** argv) {
  return tessera::science::run_program(argc, argv, tessera::science::run);
}
