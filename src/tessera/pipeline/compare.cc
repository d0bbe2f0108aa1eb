// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/compare.h"

#include <algorithm>

#include "tessera/base/describe.h"
#include "tessera/base/units.h"
#include "tessera/io/mrc.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/density.h"

namespace tessera {
namespace {

void validate(const CompareRequest& request) {
  Faults faults;
  require_readable(faults, "map", request.map);
  if (request.reference.empty())
    faults.add("reference: none given; name a map, a PDB or mmCIF file, or builtin:NAME");
  else
    check_structure(faults, request.reference);
  for (const auto& [name, value] :
       {std::pair("resolution", request.compare.resolution_A), {"max-shift", request.compare.max_shift_A}})
    if (value && !(*value > 0)) faults.add(fmt::format("--{} {:g}: a length above 0", name, *value));
  if (request.kernel != "potential" && request.kernel != "situs")
    faults.add(fmt::format("--kernel {}: choose potential or situs", request.kernel));
  faults.raise<UserError>("compare");
}

Map read_noted(const std::string& path, ExecContext& context) {
  MrcInfo info;
  Map map = read_mrc(path, {}, &info);
  if (!info.note.empty()) context.sink.message(Severity::warning, path + ": " + info.note);
  return map;
}

// The reference on voxels like the map's.
Map reference_map(const CompareRequest& request, const Map& map, ExecContext& context) {
  if (named_as_map(request.reference)) return read_noted(request.reference, context);
  const Shape3 shape = map.voxels.shape();
  const int64_t edge = std::max({shape.z, shape.y, shape.x});
  DensityOptions options;
  options.box = static_cast<int>(edge + edge % 2);
  options.voxel_size_A = map.voxel_size_A;
  options.resolution_A = std::max(request.compare.resolution_A.value_or(0), 2 * map.voxel_size_A);
  options.kernel = request.kernel;
  options.allow_outside = true;
  const AtomicModel model = load_structure(request.reference, {.assembly = request.assembly});
  DensityResult density = density_of(model, options);
  if (density.atoms_outside > 0)
    context.sink.message(Severity::warning,
                         fmt::format("{}: {} of {} atoms lie outside the box of the map and are left out",
                                     request.reference, density.atoms_outside, density.atoms));
  return std::move(density.map);
}

nlohmann::ordered_json hand_json(const HandComparison& hand, double voxel_size_A) {
  const EulerZyz angles = hand.map_from_reference.particle_from_ref.euler();
  const Vec3 shift = hand.map_from_reference.shift_voxels * voxel_size_A;
  return {{"correlation", hand.correlation_masked},
          {"correlation_box", hand.correlation_box},
          {"fsc_0.5_A", hand.fsc_half_A},
          {"fsc_0.143_A", hand.fsc_0143_A},
          {"euler_zyz_deg", {angles.alpha / degree, angles.beta / degree, angles.gamma / degree}},
          {"shift_A", {shift.x, shift.y, shift.z}}};
}

}  // namespace

nlohmann::ordered_json CompareOutcome::json() const {
  nlohmann::ordered_json out = {{"map", map}, {"reference", reference}, {"resolution_A", comparison.resolution_A}};
  out.update(hand_json(comparison.same_hand, voxel_size_A));
  out["mirrored"] = hand_json(comparison.mirrored, voxel_size_A);
  out["mirrored_fits_better"] = comparison.mirrored_fits_better();
  if (comparison.symmetry) {
    const SymmetryFit& score = *comparison.symmetry;
    const Vec3 centre = score.centre_voxels * voxel_size_A;
    out["symmetry"] = {{"group", symmetry},
                       {"score", score.correlation},
                       {"axis", {score.axis.x, score.axis.y, score.axis.z}},
                       {"centre_A", {centre.x, centre.y, centre.z}}};
  }
  auto curve = nlohmann::ordered_json::array();
  for (size_t shell = 1; shell < comparison.same_hand.fsc.size(); ++shell)
    curve.push_back({{"resolution_A", static_cast<double>(box) * voxel_size_A / static_cast<double>(shell)},
                     {"fsc", comparison.same_hand.fsc[shell]}});
  out["fsc"] = curve;
  return out;
}

CompareOutcome run_compare(const CompareRequest& request, ExecContext& context, const CommandLine& command_line) {
  validate(request);
  RunRecord record("compare", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  StepTimer reading(record, "read");
  const Map map = read_noted(request.map, context);
  const Map reference = reference_map(request, map, context);
  reading.stop();
  if (!request.output.empty()) prepare_folder(request.output);

  CompareOutcome outcome;
  outcome.map = request.map;
  outcome.reference = request.reference;
  outcome.symmetry = request.compare.symmetry;
  outcome.voxel_size_A = map.voxel_size_A;
  StepTimer comparing(record, "compare");
  outcome.comparison = compare_maps(map, reference, request.compare, context);
  comparing.stop();
  const Shape3 shape = map.voxels.shape();
  outcome.box = std::max({shape.z, shape.y, shape.x});
  outcome.box += outcome.box % 2;  // as compare_maps pads
  throw_if_stopped(context, "nothing was written");
  if (request.output.empty()) return outcome;

  const std::filesystem::path fitted = std::filesystem::path(request.output) / "fitted_reference.mrc";
  const Volume<float> resampled = resample_map(reference, outcome.box, map.voxel_size_A);
  write_mrc(fitted, {transformed_map(resampled, outcome.comparison.same_hand.map_from_reference), map.voxel_size_A, {}},
            {.label = "reference fitted to the map"});
  record.add_input(request.map);
  record_structure(record, request.reference);
  record.add_output(fitted);
  record.set_result("compare", outcome.json());
  record.write(record_path(request.output));
  return outcome;
}

}  // namespace tessera
