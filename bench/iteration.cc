// SPDX-License-Identifier: GPL-3.0-or-later
// Where the time of a reference-free run goes, per particle compared with a class (bench/kernels measures what that is
// made of): one thread, particles simulated from a built-in structure, default options, the whole run.
//   iteration [particles] [structure] [boxes ...]
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "tessera/parallel/counted_comm.h"
#include "tessera/pipeline/average.h"
#include "tessera/pipeline/simulate_particles.h"

using namespace tessera;
namespace fs = std::filesystem;

namespace {

constexpr double field_A = 384;

void measure(const std::string& structure, int box, int particles) {
  Threads threads(1);
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink, 1};
  const fs::path root = fs::temp_directory_path() / fmt::format("tessera-bench-{}", getpid());
  SimulateParticlesRequest simulation;
  simulation.structures = {structure};
  simulation.copies = {particles};
  simulation.density.box = box;
  simulation.density.voxel_size_A = field_A / box;
  simulation.density.resolution_A = 2 * field_A / box;
  simulation.output = root / "data";
  run_simulate_particles(simulation, context);
  AverageRequest request;
  request.particles = root / "data" / "particles.star";
  request.output = root / "average";
  const double begun = processor_seconds();
  const auto outcome = run_average(request, context);
  const double all = processor_seconds() - begun;
  fs::remove_all(root);
  double in_start = 0, start = 0, rotation = 0, refinement = 0, expectation = 0, maximisation = 0, references = 0;
  for (const StartPass& pass : outcome.start) {
    in_start += static_cast<double>(pass.particles * pass.classes);
    start += pass.seconds;
  }
  const double in_iterations = static_cast<double>(particles) * outcome.iterations;
  for (const IterationReport& r : outcome.reports) {
    rotation += r.rotation_core_seconds + r.translation_core_seconds;
    refinement += r.refinement_core_seconds;
    expectation += r.expectation_seconds;
    maximisation += r.maximisation_seconds;
    references += r.reference_seconds;
  }
  const double each = 1e3 / in_iterations;
  fmt::print(
      "| {}³ | {} | {:.1f} | {:.1f} | {} | {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | "
      "{:.1f} |\n",
      box, particles, in_start / particles, 1e3 * start / std::max(1.0, in_start), outcome.iterations,
      outcome.reports.back().band_limit, each * rotation, each * refinement,
      each * (expectation - rotation - refinement), each * maximisation, each * references,
      each * (expectation + maximisation + references), all, 1e3 * all / (in_start + in_iterations));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int particles = argc > 1 ? std::atoi(argv[1]) : 100;
  const std::string structure = argc > 2 ? argv[2] : "builtin:ribosome";
  fmt::print("{}, one thread, ms per particle, class and iteration\n\n", structure);
  fmt::print("| box | particles | passes of the start | ms in them | iterations | shells | search | refinement ");
  fmt::print("| rest of E-step | M-step | references | an iteration | whole run, core s | whole run, ms |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  std::vector<int> boxes{32, 64, 128};
  if (argc > 3) boxes.clear();
  for (int i = 3; i < argc; ++i) boxes.push_back(std::atoi(argv[i]));
  for (const int box : boxes) measure(structure, box, particles);
  return 0;
}
