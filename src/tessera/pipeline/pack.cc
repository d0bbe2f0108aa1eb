// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/pack.h"

#include <set>

#include "tessera/base/describe.h"
#include "tessera/base/nearest.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/density.h"
#include "tessera/pipeline/pending_folder.h"

namespace tessera {
namespace {

// Assigns the entries of a table to the options of the same names.
class TableVisitor {
 public:
  TableVisitor(const nlohmann::ordered_json& table, std::string place, Faults& faults)
      : table_(table), place_(std::move(place)), faults_(faults) {}

  template <typename T>
  void operator()(const Option& option, T& field) {
    known_.emplace_back(option.name);
    const auto found = table_.find(option.name);
    if (found == table_.end()) return;
    try {
      if constexpr (std::is_same_v<T, int>) {
        if (!found->is_number_integer()) throw std::invalid_argument("");
      }
      found->get_to(field);
    } catch (const std::exception&) {
      faults_.add(fmt::format("{}.{} cannot be {}", place_, option.name, found->dump()));
    }
  }
  void refuse_others() const {
    for (const auto& [key, value] : table_.items())
      if (std::find(known_.begin(), known_.end(), key) == known_.end())
        faults_.add(fmt::format("{}.{} is unknown{}", place_, key, did_you_mean(key, known_)));
  }

 private:
  const nlohmann::ordered_json& table_;
  std::string place_;
  Faults& faults_;
  std::vector<std::string> known_;
};

void validate(const PackRequest& request, const std::string& mode) {
  Faults faults;
  if (request.output.empty()) faults.add("--output is missing; name the folder of the scene");
  if (mode != "paper" && mode != "product") faults.add(fmt::format("--mode \"{}\": paper or product", mode));
  add_request_faults(request.scene, faults);
  request.dense.add_faults(faults);
  request.packing.add_faults(faults);
  request.coarse.add_faults(faults);
  if (mode == "paper")
    for (const SpeciesRequest& species : request.scene.species)
      if (!species.membrane.empty())
        faults.add(fmt::format("{} sits on membrane \"{}\": membrane proteins are packed in product mode only",
                               species.name, species.membrane));
  faults.raise<UserError>("pack");
}

}  // namespace

void load_scene(PackRequest& request) {
  if (request.scene_file.empty()) throw UserError("no scene given; name a scene file, for example scene.toml");
  request.scene = read_scene_file(request.scene_file);
  Faults faults;
  TableVisitor visitor(request.scene.packing, "packing", faults);
  request.dense.describe(visitor);
  request.packing.describe(visitor);
  request.coarse.describe(visitor);
  visitor.refuse_others();
  faults.raise<UserError>(fmt::format("the scene {} cannot be packed", request.scene_file));
}

PackOutcome run_pack(const PackRequest& request, ExecContext& context, const CommandLine& command_line) {
  const std::string mode = !request.mode.empty() ? request.mode : request.scene.mode.value_or("product");
  validate(request, mode);
  RunRecord record("pack", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  record.add_input(request.scene.file);
  std::set<std::string> structures;
  for (const SpeciesRequest& species : request.scene.species) structures.insert(species.structure);
  for (const FilamentRequest& filament : request.scene.filaments)
    if (!filament.structure.empty()) structures.insert(filament.structure);
  for (const std::string& structure : structures) record_structure(record, structure);

  PendingFolder pending(request.output);
  PackOutcome outcome = mode == "product" ? pack_as_product(request, context, record, pending.path())
                                          : pack_by_dynamics(request, context, record, pending.path());
  outcome.folder = request.output;
  outcome.mode = mode;
  write_text_file(pending.path() / "packing.json", outcome.report.dump(2) + "\n");
  for (const char* name : {"scene.json", "packing.json"})
    record.add_output(std::filesystem::path(request.output) / name);
  record.set_result("packing", outcome.report);
  record.write(pending.path() / "run.json");
  pending.commit();
  return outcome;
}

}  // namespace tessera
