// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/density.h"

#include "tessera/base/describe.h"
#include "tessera/io/mrc.h"
#include "tessera/io/run_record.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

bool is_builtin(const std::string& structure) {
  return structure.starts_with("builtin:");
}

}  // namespace

nlohmann::ordered_json DensityOutcome::json() const {
  return {{"structure", structure}, {"map", map},
          {"atoms", atoms},         {"atoms_outside", atoms_outside},
          {"mass_kDa", mass_kDa},   {"diameter_A", diameter_A},
          {"kernel", kernel},       {"minimum", minimum},
          {"maximum", maximum},     {"notes", notes}};
}

std::vector<BuiltinInfo> list_builtins() {
  return builtin_structures();
}

void record_structure(RunRecord& record, const std::string& structure) {
  if (!is_builtin(structure)) record.add_input(structure_file(structure));
}

void check_structure(Faults& faults, const std::string& structure) {
  if (!is_builtin(structure)) require_readable(faults, "structure", structure_file(structure));
}

DensityOutcome run_density(const DensityRequest& request, ExecContext& context, const CommandLine& command_line) {
  Faults faults;
  if (request.structure.empty())
    faults.add("no structure given; name a PDB or mmCIF file, or builtin:NAME");
  else
    check_structure(faults, request.structure);
  if (request.output.empty()) faults.add("--output is missing; name the map to write, for example map.mrc");
  request.density.add_faults(faults);
  faults.raise<UserError>("density");
  prepare_folder_of(request.output);

  RunRecord record("density", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  record_structure(record, request.structure);
  StepTimer reading(record, "read structure");
  const AtomicModel model = load_structure(request.structure, request.selection.selection());
  reading.stop();
  for (const std::string& note : model.notes) context.sink.message(Severity::info, note);
  StepTimer making(record, "density");
  const DensityResult density = density_of(model, request.density);
  making.stop();
  for (const std::string& note : density.notes) context.sink.message(Severity::info, note);
  throw_if_stopped(context, "nothing was written");
  StepTimer writing(record, "write");
  write_mrc(request.output, density.map, {.label = "density of " + model.name});
  writing.stop();

  const Statistics values = statistics(density.map.voxels);
  DensityOutcome outcome{
      request.structure,      request.output,     request.density.kernel, density.atoms,  density.atoms_outside,
      density.mass_Da / 1000, density.diameter_A, values.minimum,         values.maximum, model.notes};
  outcome.notes.insert(outcome.notes.end(), density.notes.begin(), density.notes.end());
  record.add_output(request.output);
  record.set_result("density", outcome.json());
  record.write(record_path(request.output));
  return outcome;
}

}  // namespace tessera
