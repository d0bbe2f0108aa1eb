// SPDX-License-Identifier: GPL-3.0-or-later
// Table 1 and Figure 10 of the paper [F]: 20 ribosome subtomograms of 32³, 64³ and 128³ voxels at SNR 0.02, averaged by
// fa, faml and, where it is installed, RELION 3.1.3, on the same files in the same run, one after the other; then where
// the time of the first method goes. One thread each.
//   table1 [--sizes 32 64 128] [--seeds N] [--option …]: --help lists the options, those of bench and of the verbs
// RELION searches 15° halved once where a coarse pose is probable (its adaptive oversampling) within ±5 voxels, not the
// exhaustive 7.5° of the paper, which takes minutes a particle; it has no start without a reference, so it gets the
// mean of the particles as they lie, low-passed to 60 Å; the number of its iterations is fixed (--relion-iterations).
#include <sys/resource.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tessera/base/stopwatch.h"

#include "tests/science/experiment_options.h"
#include "tests/science/program.h"
#include "tests/science/work_folder.h"

namespace tessera::science {
namespace {

namespace fs = std::filesystem;

struct TableOptions {
  std::vector<int> sizes{32, 64, 128};
  bool relion = true;
  int relion_iterations = 8;
  double field_A = 384;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"sizes", "voxels", "Boxes, each over the same field", "Table"}, sizes);
    visit(Option{"relion", "", "Run RELION too, where relion_refine is installed", "Table"}, relion);
    visit(Option{"relion-iterations", "", "Its iterations", "Table"}, relion_iterations);
    visit(Option{"field", "Å", "Edge of every box", "Table"}, field_A);
  }
};

// One row of the table.
struct Timing {
  double core_seconds = 0, seconds = 0;
  int iterations = 0;
  int64_t comparisons = 0;  // of a particle with the reference, those of the start included
  MapScore score;
};

double core_seconds_of_children() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return processor_seconds(usage);
}

bool relion_is_installed() {
  return std::system("command -v relion_refine >/dev/null 2>&1") == 0;
}

// 3D classification with one class: relion_refine's iterations without its half-sets.
Timing run_relion(const Trial& trial, const Experiment& experiment, const TableOptions& options, ExecContext& context) {
  AverageRequest as_they_lie = experiment.average;
  as_they_lie.particles = as_they_lie.poses = trial.data() / "particles.star";
  as_they_lie.output = trial.data() / "relion_start";
  run_average(as_they_lie, context);
  fs::create_directories(trial.data() / "relion");
  const std::string command = fmt::format(
      "cd '{}' && OMP_NUM_THREADS=1 relion_refine --i particles.star --o relion/run --ref relion_start/class_1.mrc "
      "--ini_high 60 --iter {} --K 1 --tau2_fudge 4 --particle_diameter {:.0f} --zero_mask --flatten_solvent --ctf "
      "--ctf_corrected_ref --firstiter_cc --sym C1 --pad 2 --j 1 --random_seed {} --healpix_order 2 --oversampling 1 "
      "--offset_range 5 --offset_step 2 --dont_check_norm > relion/log 2>&1",
      trial.data().string(), options.relion_iterations, 0.85 * options.field_A, context.seed);
  const double core_start = core_seconds_of_children();
  const Stopwatch watch;
  if (std::system(command.c_str()) != 0)
    throw UserError(
        fmt::format("relion_refine failed; {}/relion/log tells why (--keep FOLDER keeps it), --no-relion "
                    "leaves it out",
                    trial.data().string()));
  Timing out;
  out.core_seconds = core_seconds_of_children() - core_start;
  out.seconds = watch.seconds();
  out.iterations = options.relion_iterations;
  out.comparisons = int64_t{out.iterations} * experiment.simulation.copies[0];
  out.score = trial.judge(trial.data() / "relion" / fmt::format("run_it{:03}_class001.mrc", out.iterations), 0);
  return out;
}

Timing run_tessera(Trial& trial, const Experiment& experiment, const std::string& method) {
  const Outcome outcome = trial.run(request_of(method, experiment.average), method);
  const auto record = nlohmann::json::parse(std::ifstream(trial.folder(method) / "run.json"));
  const auto& compared = record.at("results").at("average").at("comparisons");
  return {outcome.core_seconds, outcome.seconds, outcome.iterations,
          compared.at("start").get<int64_t>() + compared.at("iterations").get<int64_t>(),
          outcome.structures[0].found.value_or(MapScore{})};
}

// The shares of the run's clock by its own record; the E-step is divided as its threads spent it.
void print_shares(int box, const fs::path& folder) {
  const auto record = nlohmann::json::parse(std::ifstream(folder / "run.json"));
  const auto& timings = record.at("timings_s");
  const double elapsed = record.at("elapsed_s"), expectation = timings.at("expectation");
  std::string row = fmt::format("| {}³ |", box);
  double told = 0;
  const auto add = [&](double seconds) {
    row += fmt::format(" {:.1f} |", 100 * seconds / elapsed);
    told += seconds;
  };
  add(timings.value("start", 0.0));
  const auto& parts = record.at("results").at("average").at("expectation_core_seconds");
  const double threads = record.at("threads");
  double inside = 0;
  for (const char* part : {"rotations", "shifts", "refinement"}) {
    const double seconds = parts.at(part).get<double>() / threads;
    add(seconds);
    inside += seconds;
  }
  add(std::max(0.0, expectation - inside));
  for (const char* step : {"maximisation", "references"}) add(timings.value(step, 0.0));
  add(timings.value("read particles", 0.0) + timings.value("write", 0.0));
  fmt::print("{} {:.1f} | {:.1f} |\n", row, 100 * std::max(0.0, elapsed - told) / elapsed, elapsed);
}

struct Table {
  Experiment experiment;
  RunOptions run;
  TableOptions options;
};

void print_row(int box, uint64_t seed, const std::string& method, const Timing& t, const Timing& first,
               const MapScore& ceiling) {
  fmt::print(
      "| {}³ | {} | {} | {} | {:.2f} | {:.2f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.3f} | {:.1f} | {:.1f} |\n", box,
      seed, method, t.iterations, t.core_seconds / t.iterations, t.seconds / t.iterations, t.core_seconds, t.seconds,
      1e3 * t.core_seconds / static_cast<double>(t.comparisons), t.core_seconds / first.core_seconds,
      t.score.correlation / ceiling.correlation, t.score.fsc_half_A, ceiling.fsc_half_A);
  std::fflush(stdout);
}

void run_table(Table& table) {
  Threads threads(table.run.threads);
  LocalComm comm;
  SilentSink sink;
  const WorkFolder work("table1", table.run.keep);
  const bool relion = table.options.relion && relion_is_installed();
  if (table.options.relion && !relion) fmt::print("relion_refine is not installed: tools/install-packages relion\n\n");
  fmt::print("{} particles of {}, SNR {:g}, {} thread{}\n\n", table.experiment.simulation.copies[0],
             fs::path(table.experiment.simulation.structures[0]).filename().string(),
             table.experiment.simulation.imaging.snr, threads.count(), threads.count() == 1 ? "" : "s");
  fmt::print("| box | seed | method | iterations | core s an iteration | s an iteration | core s | s | ms a particle ");
  fmt::print(
      "and pass, the start's included | of the first method's core s | correlation of that at true poses | FSC-0.5 Å | "
      "at true poses |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (int round = 0; round < table.run.seeds; ++round)
    for (const int box : table.options.sizes) {
      ExecContext context{threads, comm, sink, static_cast<uint64_t>(table.run.first_seed + round)};
      Experiment& experiment = table.experiment;
      experiment.simulation.density.box = box;
      experiment.simulation.density.voxel_size_A = table.options.field_A / box;
      experiment.simulation.density.resolution_A = 2 * table.options.field_A / box;
      experiment.compare_A = std::max(12.0, 2 * table.options.field_A / box);
      Trial trial(experiment, work.path / fmt::format("box_{}_{}", box, context.seed), context);
      Timing first;
      for (const std::string& method : table.run.methods) {
        const Timing timing = run_tessera(trial, experiment, method);
        if (first.iterations == 0) first = timing;
        print_row(box, context.seed, method, timing, first, trial.ceiling(0).ceiling);
      }
      if (relion)
        print_row(box, context.seed, "RELION 3.1.3", run_relion(trial, experiment, table.options, context), first,
                  trial.ceiling(0).ceiling);
    }
  fmt::print("\nWhere the time of {} goes, per cent, first data set ([F] Fig. 10; from its run.json):\n\n",
             table.run.methods.front());
  fmt::print(
      "| box | start | search of rotations | shifts | refinement | rest of E-step | M-step | references | files ");
  fmt::print("| other | all, s |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (const int box : table.options.sizes)
    print_shares(box, work.path / fmt::format("box_{}_{}", box, table.run.first_seed) / table.run.methods.front());
}

int run(const std::vector<std::string>& words) {
  Table table;
  table.run.methods = {"default", "fa"};
  table.run.seeds = table.run.threads = 1;
  const char* data = std::getenv("TESSERA_DATA");
  table.experiment.simulation.structures = {data ? fs::path(data) / "ribosome70s.pdb.gz"
                                                 : fs::path("builtin:ribosome")};
  table.experiment.simulation.copies = {20};
  table.experiment.simulation.imaging.snr = 0.02;
  ExperimentParser parser("table1");
  parser.add(table.options);
  if (!parser.parse(words, table.experiment, table.run)) return 0;
  run_table(table);
  return 0;
}

}  // namespace
}  // namespace tessera::science

int main(int argc, char** argv) {
  return tessera::science::run_program(argc, argv, tessera::science::run);
}
