// SPDX-License-Identifier: GPL-3.0-or-later
// tessera run: the verbs of a pipeline file in order, each skipped while nothing it depends on has changed.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tessera/base/option.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

// An option of a verb with the value it has.
struct ChainOption {
  Option option;
  bool positional = false, flag = false;
  nlohmann::ordered_json value;
};

// A verb as a pipeline needs it: it takes the words of a command line, so that a step means what its command means.
struct ChainVerb {
  // Every option, in order, as these words set them. UserError listing every fault. Runs nothing.
  std::function<std::vector<ChainOption>(const std::vector<std::string>& words)> options;
  // Does the work, with all ranks of `comm`; returns, on rank 0, what --json prints.
  std::function<nlohmann::ordered_json(const std::vector<std::string>& words, Sink& sink, Comm& comm)> run;
  bool shares_work = false;  // otherwise rank 0 does it alone while the others wait
};
using ChainVerbs = std::map<std::string, ChainVerb>;

struct ChainRequest {
  std::string pipeline;
  std::string from;
  bool dry_run = false;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"pipeline", "file.toml", "The steps; docs/pipelines.md describes it", "Arguments"}, pipeline);
    visit(Option{"from", "step", "Do this step and all after it, changed or not", "Steps"}, from);
    visit(Option{"dry-run", "", "Say which steps would run, and why; run none", "Steps"}, dry_run);
    visit(Option{"output", "folder", "Where all files go, in place of the file's output", "Output"}, output);
  }
};

struct ChainStepOutcome {
  std::string name, verb, output;
  std::string state;   // "done", "up to date", "would run"
  std::string reason;  // why it was done
  double seconds = 0;  // of this run; of an earlier one where it is up to date
  nlohmann::ordered_json result;
};

struct ChainOutcome {
  std::string pipeline, folder;
  std::vector<ChainStepOutcome> steps;
  nlohmann::ordered_json json() const;
};

// Reads and checks the whole file, then does the steps. Each writes below the file's `output`: NAME/ or, where the verb
// writes one file, NAME.<its ending>, and beside it the record NAME.step.json. A step is left out when its record has
// the same verb, version, options (threads apart) and content of inputs, and its files are as it left them. Last of all
// run.json.
// Of several ranks, 0 decides what is to be done, and does alone what a verb cannot share.
// Paths of a step are relative to the pipeline file; @NAME or @NAME/file is what an earlier step made, @ all of it.
// UserError listing every fault of the file before anything runs; errors of steps name the step. Interrupted: finished
// steps are kept, and one that was stopped goes on from its checkpoint, if its verb has one.
ChainOutcome run_chain(const ChainRequest& request, const ChainVerbs& verbs, ExecContext& context,
                       const CommandLine& command_line = {});

}  // namespace tessera
