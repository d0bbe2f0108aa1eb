// SPDX-License-Identifier: GPL-3.0-or-later
// Where the time of one averaging iteration goes, per particle (bench/kernels measures what it is made of): one thread,
// particles simulated from a built-in structure, the last iterations of a reference-free run.
//   iteration [particles] [structure]
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tessera/pipeline/average.h"
#include "tessera/pipeline/simulate_particles.h"

using namespace tessera;
namespace fs = std::filesystem;

namespace {

void measure(const std::string& structure, int box, double voxel_size_A, int particles) {
  Threads threads(1);
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink, 1};
  const fs::path root = fs::temp_directory_path() / fmt::format("tessera-bench-{}", getpid());
  SimulateParticlesRequest simulation;
  simulation.structures = {structure};
  simulation.copies = {particles};
  simulation.density.box = box;
  simulation.density.voxel_size_A = voxel_size_A;
  simulation.density.resolution_A = 2 * voxel_size_A;
  simulation.output = root / "data";
  run_simulate_particles(simulation, context);
  AverageRequest request;
  request.particles = root / "data" / "particles.star";
  request.average.starts = 1;
  request.average.iterations = 8;
  request.output = root / "average";
  const auto outcome = run_average(request, context);
  fs::remove_all(root);
  const size_t count = std::min<size_t>(3, outcome.reports.size());
  double rotation = 0, refinement = 0, expectation = 0, maximisation = 0, references = 0;
  for (size_t i = outcome.reports.size() - count; i < outcome.reports.size(); ++i) {
    const IterationReport& r = outcome.reports[i];
    const double share = 1e3 / (static_cast<double>(count) * particles);
    rotation += share * (r.rotation_core_seconds + r.translation_core_seconds);
    refinement += share * r.refinement_core_seconds;
    expectation += share * r.expectation_seconds;
    maximisation += share * r.maximisation_seconds;
    references += share * r.reference_seconds;
  }
  const IterationReport& last = outcome.reports.back();
  fmt::print("| {}³ | {} | {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |\n", box, particles,
             last.band_limit, rotation, refinement, expectation - rotation - refinement, maximisation, references,
             expectation + maximisation + references);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int particles = argc > 1 ? std::atoi(argv[1]) : 100;
  const std::string structure = argc > 2 ? argv[2] : "builtin:ribosome";
  fmt::print("{}, one thread, ms per particle and iteration\n\n", structure);
  fmt::print("| box | particles | shells | search | refinement | rest of E-step | M-step | references | all |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|\n");
  measure(structure, 32, 12, particles);
  measure(structure, 64, 6, particles);
  return 0;
}
