// SPDX-License-Identifier: GPL-3.0-or-later
// tessera pack --mode product: as full as asked, without overlap, with the proof.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tessera/io/atomic_file.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/pack.h"
#include "tessera/report/label_slices.h"
#include "tessera/simulate/product_packing.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

void write_slices(const fs::path& path, const ProductPacking& packing) {
  const ProductReport& report = packing.report;
  std::vector<LabelKind> kinds;
  for (size_t i = 0; i < report.species.size(); ++i) {
    std::string name = report.species[i].name;
    std::replace(name.begin(), name.end(), '_', '-');  // the figure's letters have no underscore
    kinds.push_back({static_cast<int32_t>(i) + 1, name, palette_colour(static_cast<int64_t>(i))});
  }
  if (!packing.scene.membranes.empty()) kinds.push_back({-2, "membrane", {235, 235, 235}});
  Volume<int32_t> across_z = report.plane_across_z, across_y = report.plane_across_y;
  for (Volume<int32_t>* plane : {&across_z, &across_y})
    for (int32_t& label : *plane) label = std::max(label, -2);  // membranes alike
  const int64_t pixels = std::clamp<int64_t>(600 / across_z.shape().x, 1, 8);
  write_png(path,
            label_figure({{"across z", across_z}, {"across y", across_y}}, kinds, packing.scene.voxel_size_A, pixels));
}

void write_curve(const fs::path& path, const ProductReport& report) {
  const double voxels = static_cast<double>(report.check.voxels) * std::pow(report.subdivision, 3);
  std::string text = "seconds,bodies,occupancy_percent\n";
  for (const PackingCurvePoint& point : report.curve)
    text += fmt::format("{:.2f},{},{:.4f}\n", point.seconds, point.bodies,
                        100 * static_cast<double>(point.body_voxels) / voxels);
  write_text_file(path, text);
}

std::string reach_text(const SpeciesReach& row) {
  std::string out = fmt::format("{} of {}, {:.2f} % of the volume, {:.3g} mM", row.placed, row.requested,
                                row.volume_percent, row.concentration_mM);
  return row.shortfall.empty() ? out : out + "; " + row.shortfall;
}

void summarise(const ProductPacking& packing, PackOutcome& outcome) {
  const ProductReport& report = packing.report;
  const auto percent = [&](int64_t voxels) {
    return 100 * static_cast<double>(voxels) / static_cast<double>(std::max<int64_t>(1, report.check.voxels));
  };
  for (const SpeciesReach& row : report.species) outcome.summary.emplace_back(row.name, reach_text(row));
  if (report.membranes_requested > 0)
    outcome.summary.emplace_back("membranes",
                                 fmt::format("{} of {}, {:.2f} % of the voxels", report.membranes_placed,
                                             report.membranes_requested, percent(report.check.obstacle_voxels)));
  if (report.filaments_requested > 0)
    outcome.summary.emplace_back("filaments",
                                 fmt::format("{} of {}", report.filaments_placed, report.filaments_requested));
  outcome.summary.emplace_back(
      "occupancy",
      fmt::format("{:.2f} % of the voxels inside the isosurface of a body ({:g} Å resolution), {:.0f} g/L",
                  100 * report.check.occupancy(), report.surface_resolution_A, report.mass_concentration_g_L));
  outcome.summary.emplace_back(
      "overlap", fmt::format("{} voxels in two things, {} outside; {:.2f} % of the bodies' volume shared within voxels",
                             report.check.collisions + report.check.in_obstacles, report.check.outside,
                             100 * report.shared_volume));
  outcome.summary.emplace_back("time", fmt::format("{:.1f} s to place {} bodies, {:.1f} s of processor", report.seconds,
                                                   packing.scene.bodies.size(), report.processor_seconds));
}

}  // namespace

PackOutcome pack_as_product(const PackRequest& request, ExecContext& context, RunRecord& record,
                            const fs::path& pending) {
  StepTimer packing_step(record, "pack and check");
  const ProductPacking packing = pack_product(request.scene, request.dense, context);
  packing_step.stop();
  StepTimer writing(record, "write");
  write_scene(pending / "scene.json", packing.scene);
  write_slices(pending / "slices.png", packing);
  write_curve(pending / "curve.csv", packing.report);
  for (const char* name : {"slices.png", "curve.csv"}) record.add_output(fs::path(request.output) / name);
  PackOutcome outcome;
  for (const SceneSpecies& species : packing.scene.species)
    outcome.species.push_back({species.name, species.structure, species.requested, species.placed});
  outcome.report = {{"mode", "product"}};
  outcome.report.update(packing.report.json());
  summarise(packing, outcome);
  return outcome;
}

}  // namespace tessera
