// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/scene.h"

#include <cmath>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

bool finite(Vec3 v) {
  return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z);
}

// −1 or an index below `count`.
void check_index(Faults& faults, const std::string& place, int64_t index, size_t count, const char* what,
                 int64_t least = -1) {
  if (index < least || index >= static_cast<int64_t>(count))
    faults.add(fmt::format("{} is {}, but there are {} {}", place, index, count, what));
}

void check_bodies(const Scene& scene, Faults& faults) {
  for (size_t i = 0; i < scene.bodies.size(); ++i) {
    const SceneBody& body = scene.bodies[i];
    const std::string place = fmt::format("bodies[{}]", i);
    check_index(faults, place + ".species", body.species, scene.species.size(), "species", 0);
    check_index(faults, place + ".filament", body.filament, scene.filaments.size(), "filaments");
    check_index(faults, place + ".membrane", body.membrane, scene.membranes.size(), "membranes");
    if (!finite(body.position_A)) faults.add(place + ".position_A is not a finite position");
  }
  for (size_t i = 0; i < scene.balls.size(); ++i) {
    const SceneBall& ball = scene.balls[i];
    const std::string place = fmt::format("balls[{}]", i);
    check_index(faults, place + ".body", ball.body, scene.bodies.size(), "bodies");
    check_index(faults, place + ".filament", ball.filament, scene.filaments.size(), "filaments");
    check_index(faults, place + ".membrane", ball.membrane, scene.membranes.size(), "membranes");
    if (!finite(ball.position_A)) faults.add(place + ".position_A is not a finite position");
    if (!(ball.radius_A > 0 && std::isfinite(ball.radius_A))) faults.add(place + ".radius_A must be positive");
  }
}

void check_deformables(const Scene& scene, Faults& faults) {
  for (size_t i = 0; i < scene.filaments.size(); ++i) {
    const SceneFilament& filament = scene.filaments[i];
    const std::string place = fmt::format("filaments[{}]", i);
    check_index(faults, place + ".species", filament.species, scene.species.size(), "species");
    if (filament.nodes_A.size() < 2) faults.add(place + ".nodes_A has fewer than two nodes");
    if (!(filament.radius_A > 0)) faults.add(place + ".radius_A must be positive");
    for (const Vec3& node : filament.nodes_A)
      if (!finite(node)) faults.add(place + ".nodes_A holds a position that is not finite");
  }
  for (size_t i = 0; i < scene.membranes.size(); ++i) {
    const SceneMembrane& membrane = scene.membranes[i];
    const std::string place = fmt::format("membranes[{}]", i);
    if (membrane.shape != "sheet" && membrane.shape != "vesicle")
      faults.add(fmt::format("{}.shape is \"{}\"; sheet or vesicle", place, membrane.shape));
    if (!(membrane.thickness_A > 0)) faults.add(place + ".thickness_A must be positive");
    if (membrane.triangles.empty()) faults.add(place + ".triangles is empty");
    for (const auto& triangle : membrane.triangles)
      for (const int32_t node : triangle)
        check_index(faults, place + ".triangles", node, membrane.nodes_A.size(), "nodes", 0);
    for (const Vec3& node : membrane.nodes_A)
      if (!finite(node)) faults.add(place + ".nodes_A holds a position that is not finite");
  }
}

}  // namespace

Shape3 Scene::shape() const {
  const auto voxels = [&](int axis) { return static_cast<int64_t>(std::llround(box_A[axis] / voxel_size_A)); };
  return {voxels(2), voxels(1), voxels(0)};
}

void add_scene_faults(const Scene& scene, Faults& faults) {
  for (int axis = 0; axis < 3; ++axis)
    if (!(scene.box_A[axis] > 0 && std::isfinite(scene.box_A[axis])))
      faults.add(fmt::format("box_A[{}] must be positive, it is {}", axis, scene.box_A[axis]));
  if (!(scene.voxel_size_A > 0 && std::isfinite(scene.voxel_size_A)))
    faults.add(fmt::format("voxel_size_A must be positive, it is {}", scene.voxel_size_A));
  for (int axis = 0; axis < 3 && scene.box_A[axis] > 0 && scene.voxel_size_A > 0; ++axis)
    if (const double voxels = scene.box_A[axis] / scene.voxel_size_A; !(voxels >= 0.5 && voxels <= 65536))
      faults.add(fmt::format("box_A[{}] / voxel_size_A must be 1 to 65536 voxels, it is {:g}", axis, voxels));
  if (scene.mode != "paper" && scene.mode != "product")
    faults.add(fmt::format("mode is \"{}\"; paper or product", scene.mode));
  for (size_t i = 0; i < scene.species.size(); ++i) {
    const SceneSpecies& species = scene.species[i];
    const std::string place = fmt::format("species[{}]", i);
    if (species.name.empty()) faults.add(place + ".name is empty");
    if (!(species.mass_kDa >= 0 && species.radius_A >= 0))
      faults.add(place + ": mass_kDa and radius_A must be 0 or more");
    if (species.requested < 0 || species.placed < 0) faults.add(place + ": requested and placed must be 0 or more");
  }
  check_bodies(scene, faults);
  check_deformables(scene, faults);
}

}  // namespace tessera
