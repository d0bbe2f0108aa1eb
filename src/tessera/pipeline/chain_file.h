// SPDX-License-Identifier: GPL-3.0-or-later
// A pipeline file: verbs in order, their options by flag name (docs/pipelines.md).
//
//   output = "results"          # where every step's files go; beside the pipeline file if relative
//   [[step]]
//   verb = "pick"               # its output is results/pick.star, called @pick by later steps
//   tomogram = "tomogram.mrc"   # relative to the pipeline file
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tessera/base/errors.h"

namespace tessera {

struct ChainStep {  // NOLINT(bugprone-exception-escape): nlohmann::json's destructor may allocate
  std::string name, verb;
  nlohmann::ordered_json options;  // keys as in the file, without verb and name
};

struct ChainFile {                     // NOLINT(bugprone-exception-escape): nlohmann::json's destructor may allocate
  std::filesystem::path path, output;  // `output` as a path to use from the working directory
  nlohmann::ordered_json common;       // threads and seed, where given: defaults of every step
  std::vector<ChainStep> steps;

  // A path of the file as a path to use from the working directory.
  std::filesystem::path resolved(const std::string& name) const;
};

// `output` replaces the file's where it is not empty. IoError when the file cannot be read or is not TOML. Everything
// else that is wrong (unknown keys, steps without verb, names given twice or unfit for a file) is added to `faults`.
ChainFile read_chain_file(const std::filesystem::path& path, const std::string& output, Faults& faults);

}  // namespace tessera
