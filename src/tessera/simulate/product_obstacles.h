// SPDX-License-Identifier: GPL-3.0-or-later
// What is placed before the free bodies: membranes, filaments, and the proteins of membranes. Used by
// product_packing.cc.
#pragma once

#include <string>
#include <vector>

#include "tessera/parallel/exec_context.h"
#include "tessera/simulate/molecular_surface.h"
#include "tessera/simulate/product_filament.h"
#include "tessera/simulate/scene.h"
#include "tessera/simulate/scene_file.h"

namespace tessera {

// Values of the occupancy: 0 free, 1 a body or a filament, this for membrane i (repeating after 250).
inline uint8_t membrane_value(int64_t membrane) {
  return static_cast<uint8_t>(2 + membrane % 250);
}

// Of one filament of the request.
struct FilamentPart {
  const MolecularSurface* surface = nullptr;  // of the repeat; null for a plain tube
  int32_t species = -1;
  FilamentRepeat repeat;
};

struct PlacedObstacles {
  std::vector<SceneMembrane> membranes;
  std::vector<std::string> membrane_names;  // of the request, one for each
  std::vector<SceneFilament> filaments;
  std::vector<SceneBody> bodies;  // the filaments' repeats
};

// Membranes at random places and orientations (along the box's axes where a sheet fits only so), then filaments, each
// clear of what is there by `gap_A`; those for which no room is found are left out. Marks them in `occupancy`.
PlacedObstacles place_obstacles(const SceneRequest& request, const std::vector<FilamentPart>& parts, double lattice_A,
                                double gap_A, Volume<uint8_t>& occupancy, ExecContext& context);

struct MembraneProteinTask {
  int32_t species = 0;
  const MolecularSurface* surface = nullptr;
  int64_t copies = 0;
  double offset_A = 0;             // of the centre from the mid-surface, outwards
  std::vector<int32_t> membranes;  // it may sit on
};

// Bodies with their z axis along the outward normal, at points uniform over the membranes' area, turned about the
// normal at random; they may cover voxels of their own membrane and otherwise only free ones. Marks them.
std::vector<SceneBody> embed_proteins(const MembraneProteinTask& task, const Scene& scene, double lattice_A,
                                      double gap_A, Volume<uint8_t>& occupancy, ExecContext& context);

}  // namespace tessera
