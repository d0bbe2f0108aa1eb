// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/science/experiment_report.h"

#include <cmath>
#include <optional>

#include "tests/science/work_folder.h"

namespace tessera::science {
namespace fs = std::filesystem;

namespace {

// Everything the library says, when asked for.
struct Printer final : SilentSink {
  void message(Severity, const std::string& text) override { fmt::print(stderr, "  {}\n", text); }
};

struct Summary {
  std::vector<Spread> ratio, correlation, coarser;  // of each structure
  Spread misclassified, rand_index, f1, seconds;
  int reached = 0, runs = 0;
};

std::string symmetry_text(const std::optional<double>& score) {
  return score ? fmt::format("{:.3f}", *score) : "–";
}

void print_rows(uint64_t seed, const std::string& method, const Outcome& outcome, bool reached) {
  const ClassScores& classes = outcome.classes;
  for (size_t i = 0; i < outcome.structures.size(); ++i) {
    const StructureResult& s = outcome.structures[i];
    std::string row = i == 0 ? fmt::format("| {} | {} | {} of {} | {:.3f} ", seed, method, classes.misclassified,
                                           classes.total, classes.adjusted_rand_index)
                             : "| | | | ";
    row += fmt::format("| {} ", s.name);
    if (s.found)
      row += fmt::format("| {:.4f} | {:.4f} | {:.3f} | {:.1f} | {:.1f} | {:.2f} | {} | {} ", s.found->correlation,
                         s.ceiling.correlation, s.ratio(), s.found->fsc_half_A, s.ceiling.fsc_half_A, s.coarser(),
                         symmetry_text(s.found->symmetry), symmetry_text(s.ceiling.symmetry));
    else
      row += fmt::format("| no class | {:.4f} | – | – | {:.1f} | – | – | {} ", s.ceiling.correlation,
                         s.ceiling.fsc_half_A, symmetry_text(s.ceiling.symmetry));
    row += i == 0 ? fmt::format("| {:.0f} | {} | {} iterations: {} |", outcome.core_seconds, reached ? "yes" : "no",
                                outcome.iterations, outcome.stop_reason)
                  : "| | | |";
    fmt::print("{}\n", row);
  }
  std::fflush(stdout);
}

void add(Summary& summary, const Outcome& outcome, bool reached) {
  const size_t count = outcome.structures.size();
  summary.ratio.resize(count);
  summary.correlation.resize(count);
  summary.coarser.resize(count);
  for (size_t i = 0; i < count; ++i) {
    if (!outcome.structures[i].found) continue;
    summary.ratio[i].add(outcome.structures[i].ratio());
    summary.correlation[i].add(outcome.structures[i].found->correlation);
    summary.coarser[i].add(outcome.structures[i].coarser());
  }
  summary.misclassified.add(static_cast<double>(outcome.classes.misclassified));
  summary.rand_index.add(outcome.classes.adjusted_rand_index);
  summary.f1.add(outcome.classes.mean_f1);
  summary.seconds.add(outcome.core_seconds);
  summary.reached += reached;
  ++summary.runs;
}

void print_summary(const Experiment& experiment, const std::vector<std::string>& methods,
                   const std::map<std::string, Summary>& summaries) {
  fmt::print("\n| method | structure | correlation | of that at true poses | FSC-0.5 of that at true poses ");
  fmt::print(
      "| misclassified | Rand index | mean F1 | core s | reached |\n|---|---|---|---|---|---|---|---|---|---|\n");
  for (const std::string& method : methods) {
    const Summary& s = summaries.at(method);
    for (size_t i = 0; i < s.ratio.size(); ++i) {
      const std::string name = fs::path(experiment.simulation.structures[i]).filename().string();
      fmt::print("| {} | {} | {} | {} | {} ", i == 0 ? method : "", name, s.correlation[i].text(3), s.ratio[i].text(3),
                 s.coarser[i].text(2));
      if (i == 0)
        fmt::print("| {} | {} | {} | {} | {} of {} |\n", s.misclassified.text(1), s.rand_index.text(3), s.f1.text(3),
                   s.seconds.text(0), s.reached, s.runs);
      else
        fmt::print("| | | | | |\n");
    }
  }
}

std::string target_text(const Target& target) {
  std::string out;
  if (target.correlation_ratio)
    out += fmt::format("; every correlation at least {:g} of that at true poses", *target.correlation_ratio);
  if (target.fsc_ratio) out += fmt::format("; FSC-0.5 within {:g} times that at true poses", *target.fsc_ratio);
  if (target.most_misclassified)
    out += *target.most_misclassified > 0
               ? fmt::format("; at most {:g} % misclassified", 100 * *target.most_misclassified)
               : "; none misclassified";
  return out.empty() ? "no target: reported" : "target: " + out.substr(2);
}

}  // namespace

std::string Spread::text(int digits) const {
  if (values_.empty()) return "–";
  double mean = 0, square = 0;
  for (const double v : values_) mean += v / static_cast<double>(values_.size());
  for (const double v : values_) square += (v - mean) * (v - mean);
  const double sd = values_.size() > 1 ? std::sqrt(square / static_cast<double>(values_.size() - 1)) : 0;
  return fmt::format("{:.{}f} ± {:.{}f}", mean, digits, sd, digits);
}

int run_experiment(const std::string& title, const Experiment& experiment, const RunOptions& options) {
  for (const std::string& method : options.methods) request_of(method, experiment.average);  // before the long part
  Threads threads(options.threads);
  LocalComm comm;
  SilentSink silent;
  Printer printer;
  const WorkFolder work("science", options.keep);
  fmt::print("{}; {}\n\n", title, target_text(experiment.target));
  fmt::print("| seed | method | misclassified | Rand index | structure | correlation | at true poses | ratio ");
  fmt::print("| FSC-0.5 Å | at true poses | ratio | symmetry | at true poses | core s | reached | stop |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  std::fflush(stdout);
  std::map<std::string, Summary> summaries;
  for (int i = 0; i < options.seeds; ++i) {
    const auto seed = static_cast<uint64_t>(options.first_seed + i);
    ExecContext context{threads, comm, options.verbose > 0 ? static_cast<Sink&>(printer) : silent, seed};
    Trial trial(experiment, work.path / fmt::format("seed_{}", seed), context);
    for (const std::string& method : options.methods) {
      const Outcome outcome = trial.run(request_of(method, experiment.average), method);
      const bool reached = reaches(outcome, experiment.target);
      print_rows(seed, method, outcome, reached);
      add(summaries[method], outcome, reached);
    }
    work.clear();
  }
  print_summary(experiment, options.methods, summaries);
  return 0;
}

}  // namespace tessera::science
