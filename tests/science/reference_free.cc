// SPDX-License-Identifier: GPL-3.0-or-later
// The whole path, judged: structure → simulated subtomograms → reference-free average, beside the average at the true
// poses, both compared with the truth. Prints Markdown tables: one row a seed, then the mean over seeds and how many
// reach the target.
//   reference_free [STRUCTURE …] [--option value …]: several structures make as many classes; --help lists the options;
//   builtin:ribosome if no structure is given
#include "tests/science/experiment_report.h"

using namespace tessera;

int main(int argc, char** argv) try {
  science::Experiment experiment;
  science::RunOptions options;
  experiment.target = {0.95, 1.2, {}};
  int first = 1;
  for (; first < argc && argv[first][0] != '-'; ++first) experiment.simulation.structures.push_back(argv[first]);
  if (first == 1) experiment.simulation.structures = {"builtin:ribosome"};
  experiment.average.average.classes = static_cast<int>(experiment.simulation.structures.size());
  if (!science::ExperimentParser("reference_free").parse({argv + first, argv + argc}, experiment, options)) return 0;
  return science::run_experiment("reference-free averages", experiment, options);
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 2;
}
