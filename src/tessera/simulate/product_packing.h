// SPDX-License-Identifier: GPL-3.0-or-later
// A requested scene packed as a product: exact copies where they fit, no voxel in two things, and the proof.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/simulate/dense_packing.h"
#include "tessera/simulate/packing_check.h"
#include "tessera/simulate/scene.h"
#include "tessera/simulate/scene_file.h"

namespace tessera {

// Asked and reached of one species, in every unit a request may use.
struct SpeciesReach {
  std::string name;
  int64_t requested = 0, placed = 0;
  double mass_kDa = 0, volume_A3 = 0;  // of one, inside its surface
  double requested_percent = 0, volume_percent = 0, concentration_mM = 0;
  double seconds = 0;
  std::string shortfall;  // why not all were placed; empty when they were
  nlohmann::ordered_json json() const;
};

struct ProductReport {
  std::vector<SpeciesReach> species;
  int64_t membranes_requested = 0, membranes_placed = 0, filaments_requested = 0, filaments_placed = 0;
  PackingCheck check;            // of the finished scene, on the scene's voxels
  double shared_volume = 0;      // share of the bodies' volume that two bodies claim, sampled on slabs of a lattice
                                 // four times finer
  double seconds = 0;            // of placing the free species
  double processor_seconds = 0;  // the same, of all threads
  std::vector<PackingCurvePoint> curve;
  double surface_resolution_A = 0, volume_per_dalton_A3 = 0, lattice_A = 0;
  double mass_concentration_g_L = 0;  // of all bodies, in the whole box
  int subdivision = 1;
  // The middle planes across z and y: species + 1, −1 a plain filament, −2 and below a membrane, 0 nothing.
  Volume<int32_t> plane_across_z, plane_across_y;
  nlohmann::ordered_json json() const;
};

struct ProductPacking {
  Scene scene;
  ProductReport report;
};

// Membranes first, then filaments, then the proteins of membranes, then the free species (dense_packing.h).
// The box is that of the scene's voxels. Bodies lie wholly inside it; a body's voxels are those inside its isosurface
// (molecular_surface.h), a membrane's those within half its thickness of its mid-surface, a plain filament's those
// within its radius of the trace. A membrane protein takes the voxels of its own membrane that it covers; repeats of
// one filament may share voxels of the surface between them (reported as shared). Nothing else shares a voxel.
//
// UserError before anything is placed, naming every fault: those of add_request_faults, a species that does not fit
// the box in any of 200 orientations, demands over the whole of the box, options out of range. Fewer membranes,
// filaments or bodies than asked is no error: the report says so, and a warning goes to the sink.
// Deterministic for (request, options, seed) and any number of threads, unless options.time_limit_min strikes.
ProductPacking pack_product(const SceneRequest& request, const DensePackingOptions& options, ExecContext& context);

// The membranes and plain filaments of a scene as voxels, from the scene alone: 0 free, 1 plain filament, 2 + i mod 250
// membrane i. What check_packing takes as obstacles.
Volume<uint8_t> obstacles_of(const Scene& scene, Shape3 shape, double voxel_size_A);

}  // namespace tessera
