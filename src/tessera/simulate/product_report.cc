// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tessera/simulate/product_packing.h"

namespace tessera {

nlohmann::ordered_json SpeciesReach::json() const {
  nlohmann::ordered_json out{{"name", name},
                             {"requested", requested},
                             {"placed", placed},
                             {"mass_kDa", mass_kDa},
                             {"volume_A3", volume_A3},
                             {"requested_percent", requested_percent},
                             {"volume_percent", volume_percent},
                             {"concentration_mM", concentration_mM},
                             {"seconds", seconds}};
  if (!shortfall.empty()) out["shortfall"] = shortfall;
  return out;
}

nlohmann::ordered_json ProductReport::json() const {
  auto rows = nlohmann::ordered_json::array(), points = nlohmann::ordered_json::array();
  for (const SpeciesReach& row : species) rows.push_back(row.json());
  const auto voxels = static_cast<double>(std::max<int64_t>(1, check.voxels));
  const double lattice_voxels = voxels * std::pow(subdivision, 3);
  for (const PackingCurvePoint& point : curve)
    points.push_back({{"seconds", point.seconds},
                      {"bodies", point.bodies},
                      {"occupancy", static_cast<double>(point.body_voxels) / lattice_voxels}});
  return {{"occupancy", check.occupancy()},
          {"membrane_occupancy", static_cast<double>(check.obstacle_voxels) / voxels},
          {"mass_concentration_g_L", mass_concentration_g_L},
          {"overlapping_voxels", check.collisions},
          {"voxels_in_obstacles", check.in_obstacles},
          {"voxels_outside", check.outside},
          {"voxels_shared_within_filaments", check.shared},
          {"voxels_embedded_in_membranes", check.embedded},
          {"shared_volume_at_quarter_voxels", shared_volume},
          {"membranes_requested", membranes_requested},
          {"membranes_placed", membranes_placed},
          {"filaments_requested", filaments_requested},
          {"filaments_placed", filaments_placed},
          {"surface_resolution_A", surface_resolution_A},
          {"volume_per_dalton_A3", volume_per_dalton_A3},
          {"lattice_A", lattice_A},
          {"seconds", seconds},
          {"processor_seconds", processor_seconds},
          {"species", rows},
          {"curve", points}};
}

}  // namespace tessera
