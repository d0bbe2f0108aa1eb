// SPDX-License-Identifier: GPL-3.0-or-later
// Where the time of one averaging iteration goes, per particle, beside the kernels it is made of: one thread,
// particles simulated from a built-in structure, the last iterations of a reference-free run.
//   iteration [particles] [structure]
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>

#include "tessera/fft/plan.h"
#include "tessera/pipeline/average.h"
#include "tessera/pipeline/simulate_particles.h"

using namespace tessera;
namespace fs = std::filesystem;

namespace {

// Milliseconds of one call, the fastest of several rounds.
template <typename Work>
double milliseconds(Work&& work) {
  work();
  double best = 1e300;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) work();
    best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return best / 20;
}

double correlation_ms(int bandwidth, int shells) {
  const SphereTransform transform(bandwidth, shells);
  const So3Correlator correlator(bandwidth);
  AlignedVector<float> samples(static_cast<size_t>(shells) * transform.samples_per_shell());
  Random random(1, "bench");
  for (float& s : samples) s = static_cast<float>(random.normal());
  ShellHarmonics harmonics(bandwidth, shells);
  SphereTransform::Workspace transform_work;
  So3Correlator::Workspace correlate_work;
  transform.analyse(samples.data(), harmonics, transform_work);
  const auto reference = correlator.prepare(harmonics);
  const std::vector<float> weight(shells, 1.0f);
  AlignedVector<float> out(correlator.grid_size());
  return milliseconds([&] {
    transform.analyse(samples.data(), harmonics, transform_work);
    correlator.correlate(harmonics, reference, weight, out.data(), correlate_work);
  });
}

double transform_ms(int64_t box) {
  Volume<float> volume(Shape3::cube(box), 1.0f);
  HalfSpectrum spectrum(volume.shape());
  const RealFft3& fft = plans().real3(volume.shape());
  return milliseconds([&] { fft.forward(volume.data(), spectrum.data()); });
}

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
  fmt::print("\n| kernel | ms |\n|---|---|\n");
  for (const auto& [bandwidth, shells] : {std::pair(16, 8), {20, 10}, {24, 10}, {36, 32}, {64, 32}})
    fmt::print("| transform and correlation over SO(3), L = {}, {} shells | {:.2f} |\n", bandwidth, shells,
               correlation_ms(bandwidth, shells));
  for (const int64_t box : {32, 64, 128}) fmt::print("| real FFT {}³ | {:.2f} |\n", box, transform_ms(box));
  return 0;
}
