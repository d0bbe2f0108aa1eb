// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of the science programs: every option of `simulate particles` and `average`, and their own.
#pragma once

#include <string>
#include <vector>

#include "tests/science/experiment.h"

namespace tessera::science {

struct RunOptions {
  std::vector<std::string> methods{"default"};
  int seeds = 5, first_seed = 1, threads = 0;
  int verbose = 0;
  std::string keep;  // folder of the data and averages; empty: a temporary one, removed

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"methods", "",
                 "Ways to average, on the same particles: default, fa, paper, or options joined by +, "
                 "e.g. fa+starts=8",
                 "Experiment"},
          methods);
    visit(Option{"seeds", "", "How many data sets", "Experiment"}, seeds);
    visit(Option{"first-seed", "", "Seed of the first", "Experiment"}, first_seed);
    visit(Option{"threads", "", "Worker threads; 0 takes every core", "Experiment"}, threads);
    visit(Option{"verbose", "", "1: say what the library says", "Experiment"}, verbose);
    visit(Option{"keep", "folder", "Keep data and averages there", "Experiment"}, keep);
  }
};

// Reads `arguments` into the experiment and the options; false when --help was asked for and printed. Options that
// both verbs have belong to the simulation; those of `average` are then called --average-NAME.
bool parse_experiment(const std::string& program, const std::vector<std::string>& arguments, Experiment& experiment,
                      RunOptions& options);

// The request with the options of a method applied. UserError on an option that `average` does not have.
AverageRequest request_of(const std::string& method, AverageRequest request);

}  // namespace tessera::science
