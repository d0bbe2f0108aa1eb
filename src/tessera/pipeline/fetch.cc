// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/fetch.h"

#include "tessera/base/describe.h"
#include "tessera/io/atoms.h"
#include "tessera/io/fetch.h"
#include "tessera/io/run_record.h"

namespace tessera {

nlohmann::ordered_json FetchOutcome::json() const {
  auto list = nlohmann::ordered_json::array();
  for (const FetchedStructure& structure : structures)
    list.push_back({{"id", structure.id},
                    {"file", structure.file.string()},
                    {"atoms", structure.atoms},
                    {"bytes", structure.bytes}});
  return {{"structures", list}};
}

FetchOutcome run_fetch(const FetchRequest& request, ExecContext& context, const CommandLine& command_line) {
  Faults faults;
  if (request.ids.empty()) faults.add("name at least one entry, for example 1KP8");
  for (const std::string& id : request.ids) {
    try {
      normalise_pdb_id(id);
    } catch (const UserError& error) {
      faults.add(error.what());
    }
  }
  faults.raise<UserError>("fetch");
  prepare_folder(request.output);

  RunRecord record("fetch", command_line);
  record.set_options(options_json(request));
  record.set_threads(context.threads.count());
  FetchOutcome outcome;
  {
    StepTimer timer(record, "download");
    const auto files =
        fetch_structures(request.ids, request.output, fetch_options_from_environment(), context.sink, context.stop);
    for (size_t i = 0; i < files.size(); ++i)
      outcome.structures.push_back({normalise_pdb_id(request.ids[i]), files[i], 0, 0});
  }
  {
    StepTimer timer(record, "check");
    for (FetchedStructure& structure : outcome.structures) {
      structure.atoms = static_cast<int64_t>(read_atoms(structure.file).atoms.size());
      structure.bytes = static_cast<int64_t>(std::filesystem::file_size(structure.file));
      record.add_output(structure.file);
    }
  }
  record.set_result("structures", outcome.json()["structures"]);
  record.write(record_path(request.output));
  return outcome;
}

}  // namespace tessera
