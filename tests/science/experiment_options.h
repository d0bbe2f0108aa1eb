// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of the science programs: every option of `simulate particles` and `average`, and their own.
#pragma once

#include <deque>
#include <set>
#include <string>
#include <vector>

#include "tessera/cli/option_parser.h"
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

// Flags of the options of both verbs, of the run, and of whatever else a program adds first. Options that both verbs
// have belong to the simulation; those of `average` are then called --average-NAME. Files are the experiment's own
// choice and have no flags.
class ExperimentParser {
 public:
  explicit ExperimentParser(const std::string& program)
      : parser_(program, "Simulate particles, average them, judge the maps against the truth") {}

  template <typename Options>
  void add(Options& options) {
    options.describe(*this);
  }
  // Reads `arguments` into the experiment and all options; false when --help was asked for and printed.
  bool parse(const std::vector<std::string>& arguments, Experiment& experiment, RunOptions& options);

  // Passes an option on under a name that no earlier option has.
  template <typename T>
  void operator()(Option option, T& field) {
    const std::string group = option.group, name = option.name;
    if (group == "Arguments" || group == "Output" || name == "resume" || name == "poses") return;
    if (taken_.contains(name)) option.name = names_.emplace_back("average-" + name).c_str();
    taken_.insert(option.name);
    parser_(option, field);
  }

 private:
  OptionParser parser_;
  std::set<std::string> taken_;
  std::deque<std::string> names_;
};

// The request with the options of a method applied. UserError on an option that `average` does not have.
AverageRequest request_of(const std::string& method, AverageRequest request);

}  // namespace tessera::science
