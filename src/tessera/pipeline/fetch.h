// SPDX-License-Identifier: GPL-3.0-or-later
// tessera fetch: structures of the Protein Data Bank into a folder.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/base/option.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct FetchRequest {
  std::vector<std::string> ids;
  std::string output = ".";

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"ids", "", "Entries of the Protein Data Bank, such as 1KP8", "Arguments"}, ids);
    visit(Option{"output", "folder", "Where the files go; made if missing", "Output"}, output);
  }
};

struct FetchedStructure {
  std::string id;
  std::filesystem::path file;
  int64_t atoms = 0, bytes = 0;
};
struct FetchOutcome {
  std::vector<FetchedStructure> structures;
  nlohmann::ordered_json json() const;
};

// Writes the files and run.json. Errors as fetch_structures (io/fetch.h); UserError without ids.
FetchOutcome run_fetch(const FetchRequest& request, ExecContext& context, const CommandLine& command_line = {});

}  // namespace tessera
