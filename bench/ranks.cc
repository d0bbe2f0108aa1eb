// SPDX-License-Identifier: GPL-3.0-or-later
// What `average` would take on 1 to 4,096 ranks, multiplied out from what its parts take on one, and beside it what it
// takes on as many ranks as this machine starts (docs/cluster.md).
//   ranks [--measured-ranks 1 2 4] [--job-particles 10000 100000] [--latency µs] [--bandwidth GB/s] [--start-up s]
//         [--option …]: --help lists the options, those of bench and of the verbs
// A rank has one thread. Every measured run is a process of its own, or several under mpirun.
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "bench/rank_model.h"
#include "tessera/average/share_assignments.h"
#include "tessera/io/particles.h"
#include "tessera/parallel/counted_comm.h"
#include "tessera/parallel/mpi_comm.h"
#include "tessera/pipeline/checkpoint.h"
#include "tests/science/experiment_options.h"
#include "tests/science/program.h"
#include "tests/science/work_folder.h"

namespace tessera::science {
namespace {

namespace fs = std::filesystem;
using bench::IterationCost;
using bench::Network;
using bench::RankJob;
using bench::RankParts;

struct RankOptions {
  std::vector<int> measured_ranks{1, 2, 4};
  std::vector<int> job_particles{10000, 100000};
  int job_iterations = 20, rounds = 1;
  double latency_us = 2, bandwidth_GB_s = 10, start_up_s = 5;
  std::string one_run;  // file for what one measured run tells; set by this program when it starts itself

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"measured-ranks", "", "Numbers of ranks that are run here; 1 must be first", "Ranks"}, measured_ranks);
    visit(Option{"rounds", "", "Times each is run; the quickest counts", "Ranks"}, rounds);
    visit(Option{"job-particles", "", "Particles of the jobs multiplied out", "Ranks"}, job_particles);
    visit(Option{"job-iterations", "", "Their iterations", "Ranks"}, job_iterations);
    visit(Option{"latency", "µs", "Of a message between two ranks", "Ranks"}, latency_us);
    visit(Option{"bandwidth", "GB/s", "Into a rank", "Ranks"}, bandwidth_GB_s);
    visit(Option{"start-up", "s", "For the job's ranks to start and to find each other", "Ranks"}, start_up_s);
    visit(Option{"one-run", "file", "Of this program itself", "Ranks"}, one_run);
  }
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Quickest of five, in processor seconds.
template <typename Work>
double quickest(Work&& work) {
  double best = 1e300;
  for (int round = 0; round < 5; ++round) {
    const double start = tessera::processor_seconds();
    work();
    best = std::min(best, tessera::processor_seconds() - start);
  }
  return best;
}

// What one run tells of itself: its means over all iterations but the first, in seconds.
struct Measured {
  double iteration_s = 0, processor_s = 0;  // by the clock; on processors, outside of gathers
  double expectation_s = 0, accumulation_s = 0, alike_s = 0, writing_s = 0;  // by the clock
  double reading_s = 0, start_s = 0;
  double gathers = 0, exchanges = 0, received_bytes = 0;
  double gather_bytes_per_s = 0;  // of the sums of a block, as fast as the ranks here do it

  template <typename Visit>
  void each(Visit&& visit) {
    visit("iteration_s", iteration_s), visit("processor_s", processor_s), visit("expectation_s", expectation_s);
    visit("accumulation_s", accumulation_s), visit("alike_s", alike_s), visit("writing_s", writing_s);
    visit("reading_s", reading_s), visit("start_s", start_s), visit("gathers", gathers);
    visit("exchanges", exchanges), visit("received_bytes", received_bytes),
        visit("gather_bytes_per_s", gather_bytes_per_s);
  }
};

// Notes clock, processor and traffic whenever rank 0 has written an iteration.
class IterationNotes : public SilentSink {
 public:
  struct Note {
    double clock, processor;
    Traffic traffic;
  };
  explicit IterationNotes(const CountedComm& comm) : comm_(comm) {}
  void message(Severity, const std::string& text) override {
    if (text.starts_with("iteration ")) notes_.push_back({now(), tessera::processor_seconds(), comm_.traffic()});
  }
  const std::vector<Note>& notes() const { return notes_; }

 private:
  const CountedComm& comm_;
  std::vector<Note> notes_;
};

// Bytes a second into a rank when all gather the sums of a fold.
double gather_rate(Comm& comm, int64_t box) {
  const Accumulator sums(box);
  double best = 1e300;
  for (int round = 0; round < 5; ++round) {
    comm.barrier();
    const double start = now();
    (void)comm.gather(std::span<const std::complex<float>>(sums.numerator.data(), sums.numerator.size()));
    best = std::min(best, now() - start);
  }
  return 8.0 * static_cast<double>(sums.numerator.size()) * (comm.size() - 1) / best;
}

// Rank 0 writes what it measured to options.one_run.
void run_once(const AverageRequest& request, int64_t box, const RankOptions& options, uint64_t seed) {
  const auto bare = make_comm();
  CountedComm comm(*bare);
  IterationNotes notes(comm);
  Threads threads(1);
  ExecContext context{threads, comm, notes, seed};
  const AverageOutcome outcome = run_average(request, context);
  Measured out;
  out.gather_bytes_per_s = gather_rate(*bare, box);
  if (bare->rank() != 0) return;
  const auto& first = notes.notes().front();
  const auto& last = notes.notes().back();
  const double iterations = static_cast<double>(notes.notes().size() - 1), share = 1 / iterations;
  const Traffic traffic = last.traffic - first.traffic;
  out.iteration_s = share * (last.clock - first.clock);
  out.processor_s = share * (last.processor - first.processor - traffic.processor_seconds);
  for (size_t i = 1; i < outcome.reports.size(); ++i) {
    const IterationReport& report = outcome.reports[i];
    out.expectation_s += share * report.expectation_seconds;
    out.accumulation_s += share * report.accumulation_seconds;
    out.alike_s += share * (report.reference_seconds + report.maximisation_seconds - report.accumulation_seconds);
  }
  out.gathers = share * static_cast<double>(traffic.gathers);
  out.exchanges = share * static_cast<double>(traffic.exchanges);
  out.received_bytes = share * static_cast<double>(traffic.received_bytes);
  const auto record = nlohmann::json::parse(std::ifstream(fs::path(request.output) / "run.json"));
  const auto& timings = record.at("timings_s");
  out.writing_s = timings.at("write").get<double>() / static_cast<double>(outcome.iterations);
  out.reading_s = timings.at("read particles");
  out.start_s = timings.at("start");
  nlohmann::json json;
  out.each([&](const char* name, double value) { json[name] = value; });
  std::ofstream(options.one_run) << json;
}

class Ranks {
 public:
  Ranks(const Experiment& experiment, const RunOptions& run, const RankOptions& options,
        const std::vector<std::string>& words)
      : experiment_(experiment), run_(run), options_(options), words_(words), work_("ranks", run.keep) {
    if (options.measured_ranks.empty() || options.measured_ranks[0] != 1)
      throw UserError("--measured-ranks begins with 1: the parts are measured there");
  }

  void tables() {
    simulate();
    for (const int ranks : options_.measured_ranks) measured_.push_back(measure(ranks));
    const RankParts parts = parts_of(measured_[0]);
    tell(parts);
    compare(parts);
    for (const int particles : options_.job_particles) multiply_out(parts, particles);
  }

 private:
  fs::path data() const { return work_.path / "data"; }

  int64_t box() const { return experiment_.simulation.density.box; }
  // As a block has them of one class.
  FoldSums sums_of_class() const {
    FoldSums out;
    for (int f = 0; f < fold_count(particles_, experiment_.average.average); ++f) out.folds.emplace_back(box());
    return out;
  }
  int64_t block_bytes() const {
    const FoldSums sums = sums_of_class();
    const Accumulator& fold = sums.folds[0];
    return experiment_.average.average.classes * std::ssize(sums.folds) *
           (fold.numerator.size() * 8 + std::ssize(fold.weight) * 4);
  }

  void simulate() {
    SimulateParticlesRequest simulation = experiment_.simulation;
    simulation.output = data().string();
    Threads threads(0);
    LocalComm comm;
    SilentSink sink;
    ExecContext context{threads, comm, sink, static_cast<uint64_t>(run_.first_seed)};
    if (!fs::exists(data() / "particles.star")) run_simulate_particles(simulation, context);
    particles_ = std::ssize(read_particles(data() / "particles.star").particles);
  }

  // A folder that is kept holds what was measured before: that is not measured again.
  Measured measure(int ranks) {
    std::string line = ranks == 1 ? "exec" : fmt::format("exec mpirun --oversubscribe --bind-to none -n {}", ranks);
    if (ranks > 1 && geteuid() == 0) line += " --allow-run-as-root";
    line += fmt::format(" '{}'", fs::read_symlink("/proc/self/exe").string());
    for (const std::string& word : words_) line += fmt::format(" '{}'", word);
    Measured best{.iteration_s = 1e300};
    for (int round = 0; round < options_.rounds; ++round) {
      const fs::path told = work_.path / fmt::format("measured_{}_{}.json", ranks, round + 1);
      const std::string own = fmt::format(" --keep '{}' --one-run '{}'", work_.path.string(), told.string());
      fs::remove_all(work_.path / "average");
      if (!fs::exists(told) && std::system((line + own).c_str()) != 0)
        throw UserError(fmt::format("the run on {} ranks failed; see above", ranks));
      const auto json = nlohmann::json::parse(std::ifstream(told));
      Measured one;
      one.each([&](const char* name, double& value) { value = json.at(name); });
      if (one.iteration_s < best.iteration_s) best = one;
    }
    return best;
  }

  // The clock's seconds of a rank alone as if no other program had had its processor.
  RankParts parts_of(const Measured& one) const {
    const auto particles = static_cast<double>(particles_);
    const double mine = std::min(1.0, one.processor_s / one.iteration_s);
    const FoldSums sums = sums_of_class();
    const int classes = experiment_.average.average.classes;
    RankParts out;
    out.block_bytes = block_bytes();
    add_blocks(sums, classes, out);
    out.reading_s = mine * one.reading_s / particles;
    out.expectation_s = mine * one.expectation_s / particles;
    out.summing_s = (mine * one.accumulation_s - Blocks(particles_).count() * out.own_block_s) / particles;
    out.alike_s = mine * one.alike_s;
    out.writing_s = one.writing_s;
    tell_each_other(out);
    return out;
  }

  void add_blocks(const FoldSums& sums, int classes, RankParts& out) const {
    FoldSums total = sums;
    LocalComm comm;
    out.own_block_s = classes * quickest([&] {
                        for (size_t f = 0; f < total.folds.size(); ++f) total.folds[f].add(sums.folds[f]);
                      });
    // As average/maximisation.cc does.
    std::vector<float> block(static_cast<size_t>(out.block_bytes) / sizeof(float)), own(block.size());
    const auto copy = [&] {
      float* to = block.data();
      for (int k = 0; k < classes; ++k)
        for (const Accumulator& fold : sums.folds) {
          to = std::copy_n(reinterpret_cast<const float*>(fold.numerator.data()), 2 * fold.numerator.size(), to);
          to = std::copy_n(fold.weight.data(), fold.weight.size(), to);
        }
    };
    out.sending_block_s = quickest([&] {
      copy();
      (void)comm.exchange(std::vector<std::span<const float>>{block});
    });
    out.adding_block_s = quickest([&] {
      for (size_t i = 0; i < block.size(); ++i) own[i] += block[i];
    });
    out.total_s = quickest([&] {
      std::copy_n(comm.gather(std::span<const float>(own))[0].data(), own.size(), block.data());
      copy();
    });
  }

  // What grows with the particles of the job: their poses between the ranks, and in the files of rank 0.
  void tell_each_other(RankParts& out) const {
    const int particles = options_.job_particles.front();
    ParticleSet list = read_particles(data() / "particles.star");
    const std::vector<Particle> some = std::exchange(list.particles, {});
    for (int i = 0; i < particles; ++i) list.particles.push_back(some[i % some.size()]);
    AverageState state;
    Assignment one;
    one.poses.resize(poses_of_a_particle());
    one.residual.resize(experiment_.simulation.density.box / 2 + 1);
    state.assignments.assign(particles, one);
    const double recording = quickest([&] {
      write_particles(work_.path / "list.star", list);
      write_checkpoint(work_.path / "state.cbor", {"bench", state});
    });
    out.recording_s = recording / particles;
    double seconds = 1e300;
    int64_t bytes = 0;
    for (int round = 0; round < 3; ++round)
      run_fake_ranks(2, [&](Comm& bare) {
        CountedComm comm(bare);
        std::vector<Assignment> all(particles);
        std::vector<int64_t> mine;
        for (int64_t i = comm.rank(); i < particles; i += 2) mine.push_back(i);
        for (const int64_t i : mine) all[i] = one;
        comm.barrier();
        const double start = now();
        share_assignments(all, mine, comm);
        comm.barrier();
        if (comm.rank() == 0) seconds = std::min(seconds, now() - start), bytes = comm.traffic().received_bytes;
      });
    out.sharing_s = seconds / particles;
    out.pose_bytes = static_cast<double>(bytes) / particles;
  }

  // Counted on the first run of several ranks, else one.
  int64_t poses_of_a_particle() const {
    if (measured_.size() < 2) return 1;
    const auto blocks = static_cast<double>(Blocks(particles_).count());
    const double sums = (blocks / options_.measured_ranks[1] + 1) * static_cast<double>(block_bytes());
    const double told = (measured_[1].received_bytes - sums) / static_cast<double>(particles_);
    const double of_shells = 8.0 * static_cast<double>(box() / 2 + 1) + 40;
    return std::max<int64_t>(1, std::lround((told - of_shells) / sizeof(WeightedPose)));
  }

  void tell(const RankParts& parts) const {
    const int classes = experiment_.average.average.classes;
    fmt::print("{} particles of {}³, {} class{}, {} folds; one rank, one thread, ms:\n\n", particles_, box(), classes,
               classes == 1 ? "" : "es", sums_of_class().folds.size());
    fmt::print(
        "| of a particle: read | E-step | sums | told to others | recorded | of an iteration: alike | maps written | "
        "of a block: added alone | sent | added | total put together "
        "|\n|---|---|---|---|---|---|---|---|---|---|---|\n");
    fmt::print(
        "| {:.2f} | {:.2f} | {:.2f} | {:.4f} | {:.4f} | {:.0f} | {:.0f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |\n\n",
        1e3 * parts.reading_s, 1e3 * parts.expectation_s, 1e3 * parts.summing_s, 1e3 * parts.sharing_s,
        1e3 * parts.recording_s, 1e3 * parts.alike_s, 1e3 * parts.writing_s, 1e3 * parts.own_block_s,
        1e3 * parts.sending_block_s, 1e3 * parts.adding_block_s, 1e3 * parts.total_s);
    fmt::print("a block's sums: {:.2f} MB; of a particle after the E-step: {:.0f} bytes\n\n",
               1e-6 * static_cast<double>(parts.block_bytes), parts.pose_bytes);
  }

  void compare(const RankParts& parts) const {
    fmt::print("{} cores; a start takes {:.1f} s on one rank\n\n", available_cores(), measured_[0].start_s);
    fmt::print(
        "| ranks | processor s of rank 0 in an iteration, measured | by the model | s by the clock, measured | by the "
        "model | gathers and exchanges, counted | by the model | MB received, counted | by the model |\n"
        "|---|---|---|---|---|---|---|---|---|\n");
    RankParts of_this_list = parts;
    of_this_list.recording_s = 0;  // is within what was measured to write
    for (size_t i = 0; i < measured_.size(); ++i) {
      const int ranks = options_.measured_ranks[i];
      const Measured& one = measured_[i];
      const Network here{0, one.gather_bytes_per_s};
      const IterationCost cost = bench::iteration_cost(of_this_list, {particles_, ranks, available_cores()}, here);
      const double alone = bench::iteration_cost(of_this_list, {particles_, ranks}, here).computing_s();
      fmt::print("| {} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.0f} + {:.0f} | {} + {} | {:.1f} | {:.1f} |\n", ranks,
                 one.processor_s, alone, one.iteration_s, cost.total_s(), one.gathers, one.exchanges, cost.gathers,
                 cost.exchanges, 1e-6 * one.received_bytes, 1e-6 * static_cast<double>(cost.received_bytes));
    }
    fmt::print("\n");
  }

  void multiply_out(const RankParts& parts, int particles) const {
    const Network network{1e-6 * options_.latency_us, 1e9 * options_.bandwidth_GB_s};
    const auto whole = [&](const IterationCost& cost, int ranks) {
      const RankJob job{particles, ranks};
      return (ranks > 1 ? options_.start_up_s : 0) + static_cast<double>(bench::largest_share(job)) * parts.reading_s +
             options_.job_iterations * cost.total_s();
    };
    const IterationCost alone = bench::iteration_cost(parts, {particles, 1}, network);
    fmt::print("{} particles, {} iterations; {:g} µs, {:g} GB/s, {:g} s to start\n\n", particles,
               options_.job_iterations, options_.latency_us, options_.bandwidth_GB_s, options_.start_up_s);
    fmt::print(
        "| ranks | s an iteration | particles | alike | sums added | network | GB received | efficiency | job, s | "
        "its efficiency |\n|---|---|---|---|---|---|---|---|---|---|\n");
    for (int ranks = 1; ranks <= 4096; ranks *= 2) {
      const IterationCost cost = bench::iteration_cost(parts, {particles, ranks}, network);
      fmt::print("| {} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.0f} % | {:.0f} | {:.0f} % |\n", ranks,
                 cost.total_s(), cost.shared_s, cost.alike_s, cost.sums_s, cost.network_s,
                 1e-9 * static_cast<double>(cost.received_bytes), 100 * alone.total_s() / (ranks * cost.total_s()),
                 whole(cost, ranks), 100 * whole(alone, 1) / (ranks * whole(cost, ranks)));
    }
    fmt::print("\n");
  }

  Experiment experiment_;
  RunOptions run_;
  RankOptions options_;
  std::vector<std::string> words_;
  WorkFolder work_;
  int64_t particles_ = 0;
  std::vector<Measured> measured_;
};

int run(const std::vector<std::string>& words) {
  Experiment experiment;
  experiment.simulation.structures = {"builtin:ribosome"};
  experiment.simulation.copies = {256};
  experiment.simulation.density.box = 64;
  experiment.simulation.density.voxel_size_A = 6;
  experiment.simulation.density.resolution_A = 12;
  experiment.average.average.iterations = 5;
  experiment.average.average.start = "particles";
  experiment.average.average.starts = 1;
  experiment.average.average.align.max_shift_voxels = 3;
  RunOptions run_options;
  RankOptions options;
  ExperimentParser parser("ranks");
  parser.add(options);
  if (!parser.parse(words, experiment, run_options)) return 0;
  if (options.one_run.empty()) {
    Ranks(experiment, run_options, options, words).tables();
    return 0;
  }
  AverageRequest request = experiment.average;
  request.particles = (fs::path(run_options.keep) / "data" / "particles.star").string();
  request.output = (fs::path(run_options.keep) / "average").string();
  request.average.model.stop_at_rest = false;
  run_once(request, experiment.simulation.density.box, options, static_cast<uint64_t>(run_options.first_seed));
  return 0;
}

}  // namespace
}  // namespace tessera::science

int main(int argc, char** argv) {
  return tessera::science::run_program(argc, argv, tessera::science::run);
}
