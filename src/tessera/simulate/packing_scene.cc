// SPDX-License-Identifier: GPL-3.0-or-later
// From balls to a scene: poses, traces, surfaces.
#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"
#include "tessera/simulate/filament_repeats.h"
#include "tessera/simulate/packing.h"
#include "tessera/simulate/pose_fit.h"

namespace tessera {
namespace {

struct BodyAtEnd {
  const BallBody& body;
  std::vector<Vec3> reference, scene;  // ball centres
};

BodyAtEnd packed_body(const PackingRun& run, size_t b, Vec3 middle) {
  BodyAtEnd out{run.start.bodies[b], {}, {}};
  for (size_t i = 0; i < out.body.balls.size(); ++i) {
    out.reference.push_back(out.body.balls[i].centre_A);
    out.scene.push_back(run.positions_A[run.start.first_ball[b] + i] + middle);
  }
  return out;
}

// Of one ball the turn of the start is kept: nothing turned it.
BodyPose pose_of(const BodyAtEnd& packed, const Rotation& turn) {
  if (packed.scene.size() >= 3) return fit_pose(packed.reference, packed.scene);
  return {turn, packed.scene[0] - turn * packed.reference[0], 0};
}

void compare_rules(const BodyAtEnd& packed, const BodyPose& pose, PoseAgreement& agreement,
                   std::vector<double>& angles) {
  ++agreement.bodies;
  agreement.largest_rms_A = std::max(agreement.largest_rms_A, pose.rms_A);
  agreement.deformed += pose.rms_A > 3;
  if (packed.scene.size() < 3) return;
  const auto [a, b, c] = widest_triangle(packed.reference);
  const BodyPose paper = three_point_pose({packed.reference[a], packed.reference[b], packed.reference[c]},
                                          {packed.scene[a], packed.scene[b], packed.scene[c]});
  angles.push_back(angle_between(pose.scene_from_ref, paper.scene_from_ref) / degree);
}

bool inside(Vec3 p, const std::array<double, 3>& box_A) {
  return p.x >= 0 && p.y >= 0 && p.z >= 0 && p.x < box_A[0] && p.y < box_A[1] && p.z < box_A[2];
}

void add_balls(Scene& scene, const BodyAtEnd& packed, SceneBall owner) {
  for (size_t i = 0; i < packed.scene.size(); ++i) {
    owner.position_A = packed.scene[i];
    owner.radius_A = packed.body.balls[i].radius_A;
    scene.balls.push_back(owner);
  }
}

void add_filament(Scene& scene, const BodyAtEnd& packed, const SceneRequest& request,
                  const std::vector<PackedSpecies>& species) {
  const FilamentRequest& wanted = request.filaments[packed.body.request];
  const auto number = static_cast<int32_t>(scene.filaments.size());
  SceneFilament filament{wanted.name, packed.scene, wanted.diameter_A / 2, -1};
  if (!wanted.structure.empty()) {
    // Species of filaments follow those of the request, in the order of the filaments that have a structure.
    filament.species = static_cast<int32_t>(request.species.size());
    for (int32_t f = 0; f < packed.body.request; ++f) filament.species += !request.filaments[f].structure.empty();
    const Vec3 centre = species[filament.species].model.centre_of_mass_A;
    const HelicalRepeats helix{
        wanted.rise_A, wanted.twist_deg * degree, {centre.x - wanted.axis_A[0], centre.y - wanted.axis_A[1], 0}};
    for (const BodyPose& pose : helical_repeats(packed.scene, helix)) {
      ++scene.species[filament.species].requested;
      if (!inside(pose.position_A, scene.box_A)) continue;
      scene.bodies.push_back({filament.species, pose.position_A, pose.scene_from_ref, number, -1});
      ++scene.species[filament.species].placed;
    }
  }
  scene.filaments.push_back(std::move(filament));
  add_balls(scene, packed, {{}, 0, -1, number, -1});
}

}  // namespace

Scene scene_of(const PackingRun& run, const SceneRequest& request, const std::vector<PackedSpecies>& species,
               uint64_t seed, PoseAgreement& agreement) {
  Scene scene;
  scene.box_A = request.box_A;
  scene.voxel_size_A = request.voxel_size_A;
  scene.seed = seed;
  scene.mode = "paper";
  for (const PackedSpecies& one : species) scene.species.push_back(one.info);
  const Vec3 middle{request.box_A[0] / 2, request.box_A[1] / 2, request.box_A[2] / 2};
  std::vector<double> angles;
  for (size_t b = 0; b < run.start.bodies.size(); ++b) {
    const BodyAtEnd packed = packed_body(run, b, middle);
    if (packed.body.kind == BodyKind::filament) {
      add_filament(scene, packed, request, species);
    } else if (packed.body.kind == BodyKind::membrane) {
      const MembraneRequest& wanted = request.membranes[packed.body.request];
      add_balls(scene, packed, {{}, 0, -1, -1, static_cast<int32_t>(scene.membranes.size())});
      scene.membranes.push_back({wanted.shape, packed.scene, packed.body.triangles, wanted.thickness_A});
    } else {
      const BodyPose pose = pose_of(packed, run.start.turn[b]);
      compare_rules(packed, pose, agreement, angles);
      if (!inside(pose.position_A, request.box_A)) continue;
      add_balls(scene, packed, {{}, 0, static_cast<int32_t>(scene.bodies.size()), -1, -1});
      scene.bodies.push_back({packed.body.request, pose.position_A, pose.scene_from_ref, -1, -1});
      ++scene.species[packed.body.request].placed;
    }
  }
  std::sort(angles.begin(), angles.end());
  if (!angles.empty()) {
    agreement.median_angle_deg = angles[angles.size() / 2];
    agreement.largest_angle_deg = angles.back();
  }
  return scene;
}

}  // namespace tessera
