// SPDX-License-Identifier: GPL-3.0-or-later
// The whole path, judged: structure → simulated subtomograms → reference-free average, beside the average at the true
// poses, both compared with the truth. Prints a Markdown table, one row a seed, and how many seeds reach the target.
//   reference_free [STRUCTURE] [--option value …]: options of `simulate particles` and `average`, and --seeds N;
//   builtin:ribosome if no structure is given
#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "tessera/pipeline/average.h"
#include "tessera/pipeline/compare.h"
#include "tessera/pipeline/simulate_particles.h"

using namespace tessera;
namespace fs = std::filesystem;

namespace {

struct Settings {
  std::string structure;
  int seeds = 5, threads = 0, particles = 100;
  double compare_A = 12;  // correlations are of maps low-passed to this
  bool verbose = false;
  SimulateParticlesRequest simulation;
  AverageRequest average;
};

double number(const std::string& text) {
  return std::stod(text);
}

Settings parse(int argc, char** argv) {
  Settings out;
  const bool named = argc > 1 && argv[1][0] != '-';
  out.structure = named ? argv[1] : "builtin:ribosome";
  for (int i = named ? 2 : 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--seeds")
      out.seeds = std::stoi(value);
    else if (name == "--particles")
      out.particles = std::stoi(value);
    else if (name == "--threads")
      out.threads = std::stoi(value);
    else if (name == "--snr")
      out.simulation.imaging.snr = number(value);
    else if (name == "--box")
      out.simulation.density.box = std::stoi(value);
    else if (name == "--voxel-size")
      out.simulation.density.voxel_size_A = number(value);
    else if (name == "--resolution")
      out.simulation.density.resolution_A = number(value);
    else if (name == "--tilt")
      out.simulation.imaging.tilt_range_deg = {-number(value), number(value)};
    else if (name == "--rotation-axis")
      out.simulation.imaging.rotation_axis = value;
    else if (name == "--compare")
      out.compare_A = number(value);
    else if (name == "--verbose")
      out.verbose = value == "1";
    else if (name == "--iterations")
      out.average.average.iterations = std::stoi(value);
    else if (name == "--method")
      out.average.average.method = value;
    else if (name == "--start")
      out.average.average.start = value;
    else if (name == "--starts")
      out.average.average.starts = std::stoi(value);
    else if (name == "--start-iterations")
      out.average.average.start_iterations = std::stoi(value);
    else if (name == "--folds")
      out.average.average.folds = std::stoi(value);
    else
      throw UserError("unknown option " + name);
  }
  return out;
}

// Everything the library says, when asked for.
struct Printer final : SilentSink {
  void message(Severity, const std::string& text) override { fmt::print(stderr, "  {}\n", text); }
};

}  // namespace

int main(int argc, char** argv) try {
  Settings settings = parse(argc, argv);
  Threads threads(settings.threads);
  LocalComm comm;
  SilentSink silent;
  Printer printer;
  const fs::path root = fs::temp_directory_path() / fmt::format("tessera-reference-free-{}", getpid());
  fmt::print("| seed | correlation | at true poses | ratio | FSC-0.5 Å | at true poses | ratio | s | stop |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|\n");
  int reached = 0;
  double ratio_sum = 0, ratio_square = 0;
  for (int seed = 1; seed <= settings.seeds; ++seed) {
    ExecContext context{threads, comm, settings.verbose ? static_cast<Sink&>(printer) : silent,
                        static_cast<uint64_t>(seed)};
    SimulateParticlesRequest simulation = settings.simulation;
    simulation.structures = {settings.structure};
    simulation.copies = {settings.particles};
    simulation.output = root / "data";
    const auto simulated = run_simulate_particles(simulation, context);
    const auto judge = [&](const std::string& map) {
      CompareRequest request;
      request.map = map;
      request.reference = simulated.classes[0].truth_map;
      if (!fs::exists(request.reference)) request.reference = (fs::path(simulated.folder) / request.reference).string();
      request.compare.resolution_A = settings.compare_A;
      return run_compare(request, context).comparison.same_hand;
    };
    AverageRequest ceiling = settings.average, free = settings.average;
    ceiling.particles = free.particles = root / "data" / "particles.star";
    ceiling.poses = root / "data" / "truth.star";
    ceiling.output = root / "ceiling";
    free.output = root / "free";
    const auto best = judge(run_average(ceiling, context).map);
    const auto start = std::chrono::steady_clock::now();
    const auto outcome = run_average(free, context);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const auto found = judge(outcome.map);
    const double ratio = found.correlation_masked / best.correlation_masked;
    const double coarser = found.fsc_half_A / best.fsc_half_A;
    reached += ratio >= 0.95 && coarser <= 1.2;
    ratio_sum += ratio / settings.seeds;
    ratio_square += ratio * ratio / settings.seeds;
    fmt::print("| {} | {:.4f} | {:.4f} | {:.3f} | {:.1f} | {:.1f} | {:.2f} | {:.0f} | {} iterations: {} |\n", seed,
               found.correlation_masked, best.correlation_masked, ratio, found.fsc_half_A, best.fsc_half_A, coarser,
               seconds, outcome.iterations, outcome.stop_reason);
    std::fflush(stdout);
    fs::remove_all(root);
  }
  const double sd =
      std::sqrt(std::max(0.0, ratio_square - ratio_sum * ratio_sum) * settings.seeds / std::max(1, settings.seeds - 1));
  fmt::print(
      "\n{}: {} of {} seeds reach 0.95 of the correlation and 1.2 times the FSC-0.5 resolution at true poses; "
      "correlation ratio {:.3f} ± {:.3f}\n",
      settings.structure, reached, settings.seeds, ratio_sum, sd);
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 2;
}
