// SPDX-License-Identifier: GPL-3.0-or-later
// Markdown tables of experiments.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/science/experiment_options.h"

namespace tessera::science {

// Mean and standard deviation over seeds.
class Spread {
 public:
  void add(double value) { values_.push_back(value); }
  std::string text(int digits) const;  // "0.981 ± 0.004"; a dash when empty

 private:
  std::vector<double> values_;
};

// Every seed and method of an experiment: rows while it runs, a summary at the end.
//   run_experiment(title, experiment, options): returns the exit code; errors are thrown.
int run_experiment(const std::string& title, const Experiment& experiment, const RunOptions& options);

}  // namespace tessera::science
