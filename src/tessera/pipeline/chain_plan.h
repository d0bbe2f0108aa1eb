// SPDX-License-Identifier: GPL-3.0-or-later
// From a pipeline file to command lines: what each step is told, reads and writes.
#pragma once

#include "tessera/pipeline/chain.h"
#include "tessera/pipeline/chain_file.h"

namespace tessera {

struct PlannedStep {
  std::string name, verb;
  std::vector<std::string> words;             // the command line after the verb
  std::filesystem::path output;               // a folder or a file
  std::vector<std::filesystem::path> inputs;  // files and folders
  std::vector<ChainOption> options;
  bool can_resume = false;  // the verb has --resume
};

// Adds every fault: unknown verbs and options, values that an option does not take, files that neither exist nor are
// made by an earlier step. The steps are whole only if none was added.
std::vector<PlannedStep> plan_chain(const ChainFile& file, const ChainVerbs& verbs, Faults& faults);

}  // namespace tessera
