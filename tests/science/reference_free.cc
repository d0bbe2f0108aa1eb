// SPDX-License-Identifier: GPL-3.0-or-later
// The whole path, judged: structure → simulated subtomograms → reference-free average, beside the average at the true
// poses, both compared with the truth. Prints Markdown tables: one row a seed, then the mean over seeds and how many
// reach the target.
//   reference_free [STRUCTURE …] [--option value …]: several structures make as many classes; --help lists the options;
//   builtin:ribosome if no structure is given
#include "tests/science/experiment_report.h"
#include "tests/science/program.h"

namespace tessera::science {
namespace {

int run(const std::vector<std::string>& words) {
  Experiment experiment;
  RunOptions options;
  experiment.target = {0.95, 1.2, {}};
  auto option = words.begin();
  for (; option != words.end() && !option->starts_with('-'); ++option)
    experiment.simulation.structures.push_back(*option);
  if (option == words.begin()) experiment.simulation.structures = {"builtin:ribosome"};
  experiment.average.average.classes = static_cast<int>(experiment.simulation.structures.size());
  if (!ExperimentParser("reference_free").parse({option, words.end()}, experiment, options)) return 0;
  return run_experiment("reference-free averages", experiment, options);
}

}  // namespace
}  // namespace tessera::science

int main(int argc, char** argv) {
  return tessera::science::run_program(argc, argv, tessera::science::run);
}
