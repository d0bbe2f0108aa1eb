// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/pick_template.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tessera/align/compare.h"
#include "tessera/io/mrc.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/tomogram_file.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

// A model's density, centre of mass at the centre voxel, in the smallest box that holds it.
Volume<float> density_at(const TemplateRequest& request, const std::string& name, double voxel_size_A) {
  const AtomicModel model = load_structure(name, request.selection.selection());
  DensityOptions options;
  options.voxel_size_A = voxel_size_A;
  options.resolution_A = 2 * voxel_size_A;
  options.box = 32;
  options.allow_outside = true;
  const double diameter = density_of(model, options).diameter_A;
  options.allow_outside = false;
  options.box = 2 * static_cast<int>(std::ceil(0.5 * diameter / voxel_size_A + 4));
  return density_of(model, options).map.voxels;
}

Volume<float> map_at(const std::string& name, double voxel_size_A, Sink& sink) {
  MrcInfo info;
  const Map map = read_mrc(name, {}, &info);
  if (!info.has_voxel_size)
    throw UserError(name +
                    ": its header states no voxel size, so it cannot be brought to the tomogram's; set it there");
  const Statistics values = statistics(map.voxels);
  if (-values.minimum > 2 * values.maximum)
    sink.message(Severity::warning, name +
                                        ": its darkest voxel is further from 0 than its brightest: templates must "
                                        "show protein bright");
  const Shape3 shape = map.voxels.shape();
  const auto largest = static_cast<double>(std::max({shape.x, shape.y, shape.z}));
  const int64_t box = 2 * static_cast<int64_t>(std::ceil(0.5 * largest * info.voxel_size_A / voxel_size_A));
  return resample_map({map.voxels, info.voxel_size_A, {}}, box, voxel_size_A);
}

void apply_mask(const std::string& mask_file, Volume<float>& map, double voxel_size_A) {
  MrcInfo info;
  Map mask = read_mrc(mask_file, {}, &info);
  const Statistics values = statistics(mask.voxels);
  if (!(values.maximum > 0))
    throw UserError(mask_file + ": the mask is empty, no voxel is above 0; give one that is 1 on the structure");
  if (info.has_voxel_size && std::abs(info.voxel_size_A / voxel_size_A - 1) > 1e-3)
    mask.voxels = resample_map({mask.voxels, info.voxel_size_A, {}}, map.shape().x, voxel_size_A);
  mask.voxels = resize_volume(mask.voxels, map.shape());
  for (float& m : mask.voxels) m = std::clamp(m, 0.0f, 1.0f);
  map = masked(std::move(map), mask.voxels);
  if (!(statistics(map).variance > 0))
    throw UserError(mask_file + ": nothing of the template is left within the mask; do the two lie on each other?");
}

}  // namespace

void TemplateRequest::add_faults(Faults& faults) const {
  if (templates.empty())
    faults.add("--template is missing; name maps (MRC) or atomic models (PDB, mmCIF, builtin:NAME)");
  for (const std::string& name : templates) {
    if (named_as_map(name))
      require_readable(faults, "--template", name);
    else
      check_structure(faults, name);
  }
  for (const std::string& name : masks) require_readable(faults, "--template-mask", name);
  if (masks.size() > 1 && masks.size() != templates.size())
    faults.add(fmt::format("--template-mask has {} files for {} templates; give one, or one each", masks.size(),
                           templates.size()));
  match.add_faults(faults, templates.size());
  check_transfer(faults, transfer);
}

MatchResult pick_by_template(const TemplateRequest& request, const Volume<float>& tomogram, double voxel_size_A,
                             std::span<const uint8_t> allowed, int64_t border, int64_t keep, ExecContext& context) {
  const TomogramTransfer transfer =
      read_transfer(request.transfer, "templates are matched as if all of Fourier space had been seen", context.sink);
  std::vector<MatchTemplate> templates;
  for (size_t i = 0; i < request.templates.size(); ++i) {
    const std::string& name = request.templates[i];
    Volume<float> map =
        named_as_map(name) ? map_at(name, voxel_size_A, context.sink) : density_at(request, name, voxel_size_A);
    if (!request.masks.empty()) apply_mask(request.masks[request.masks.size() == 1 ? 0 : i], map, voxel_size_A);
    templates.push_back({name, std::move(map)});
  }
  return match_templates(tomogram_of(tomogram, voxel_size_A), templates, transfer, request.match, allowed, border, keep,
                         context);
}

void record_templates(RunRecord& record, const TemplateRequest& request) {
  for (const std::string& name : request.templates) {
    if (named_as_map(name))
      record.add_input(name);
    else
      record_structure(record, name);
  }
  for (const std::string& name : request.masks) record.add_input(name);
  if (!request.transfer.tilts.empty()) record.add_input(request.transfer.tilts);
}

nlohmann::ordered_json template_json(const MatchReport& t) {
  return {{"template", t.name},
          {"symmetry", t.symmetry},
          {"radius_A", t.radius_A},
          {"search_resolution_A", t.search_resolution_A},
          {"search_voxel_A", t.search_voxel_A},
          {"step_deg", t.step_deg},
          {"rotations", t.rotations},
          {"independent_rotations", t.independent_rotations},
          {"candidates", t.candidates},
          {"picks", t.picks},
          {"scan_median", t.median},
          {"scan_spread", t.spread},
          {"clutter_mean", t.clutter_mean},
          {"clutter_deviation", t.clutter_deviation},
          {"found_mean", t.found_mean},
          {"found_share", t.found_share},
          {"threshold", t.threshold},
          {"scan_seconds", t.scan_seconds},
          {"refine_seconds", t.refine_seconds},
          {"bright", t.bright},
          {"dark", t.dark}};
}

}  // namespace tessera
