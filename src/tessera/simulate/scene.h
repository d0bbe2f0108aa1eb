// SPDX-License-Identifier: GPL-3.0-or-later
// The packed scene: what `tessera pack` writes (DIR/scene.json) and `tessera simulate tomogram DIR` reads.
//
// Coordinates in Å; voxel (i, j, k) of the tomogram, (x, y, z) order, lies at (i, j, k)·voxel_size_A, so the origin is
// the first voxel. The box has round(box_A / voxel_size_A) voxels. The pose of a body is x_scene = scene_from_ref ·
// (x_ref − centre of mass of the structure's heavy atoms) + position_A: the centre that density_of puts at voxel n/2.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/base/shape.h"
#include "tessera/base/vec3.h"
#include "tessera/so3/rotation.h"

namespace tessera {

struct SceneSpecies {
  std::string name;
  std::string structure;  // absolute path or builtin:NAME; empty for a plain ball
  std::string assembly;   // "biological" or "asymmetric unit"; empty where there is no structure
  double mass_kDa = 0;
  double radius_A = 0;  // of the farthest atom from the centre of mass
  int64_t requested = 0, placed = 0;
};

// A rigid body; carries the density of its species. Of a filament or membrane where these are ≥ 0.
struct SceneBody {
  int32_t species = 0;
  Vec3 position_A;
  Rotation scene_from_ref;
  int32_t filament = -1, membrane = -1;
};

// A coarse ball as it was packed; belongs to exactly one body, filament or membrane, or to none.
struct SceneBall {
  Vec3 position_A;
  double radius_A = 0;
  int32_t body = -1, filament = -1, membrane = -1;
};

// The trace along the axis. species ≥ 0: built of the bodies whose `filament` names it; −1: a tube of density.
struct SceneFilament {
  std::string name;
  std::vector<Vec3> nodes_A;
  double radius_A = 0;
  int32_t species = -1;
};

// The mid-surface as triangles, anticlockwise seen from outside, so that (b − a) × (c − a) is the outward normal.
struct SceneMembrane {
  std::string shape;  // sheet or vesicle
  std::vector<Vec3> nodes_A;
  std::vector<std::array<int32_t, 3>> triangles;
  double thickness_A = 0;
};

struct Scene {
  std::array<double, 3> box_A{};  // x, y, z
  double voxel_size_A = 10;
  uint64_t seed = 1;
  std::string mode = "product";  // paper or product
  std::vector<SceneSpecies> species;
  std::vector<SceneBody> bodies;
  std::vector<SceneBall> balls;
  std::vector<SceneFilament> filaments;
  std::vector<SceneMembrane> membranes;

  Shape3 shape() const;  // voxels, (z, y, x)
};

// Every fault of the scene: numbers that are not finite, sizes that are not positive, indices that point nowhere.
void add_scene_faults(const Scene& scene, class Faults& faults);

// `path` is scene.json or the folder that holds it. IoError naming every fault by its place ("bodies[3].species").
Scene read_scene(const std::filesystem::path& path);

// Atomic. Numbers are written so that reading gives the same doubles (rotations to one unit in the last place, as they
// are normalised again). UserError as add_scene_faults.
void write_scene(const std::filesystem::path& path, const Scene& scene);

}  // namespace tessera
