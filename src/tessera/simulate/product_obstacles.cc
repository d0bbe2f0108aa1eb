// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/product_obstacles.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tessera/base/units.h"
#include "tessera/simulate/body_mask.h"
#include "tessera/simulate/packing_window.h"
#include "tessera/simulate/product_membrane.h"
#include "tessera/simulate/product_packing.h"

namespace tessera {
namespace {

constexpr int membrane_tries = 300;
constexpr int protein_tries = 400;  // for each copy
constexpr int chain_tries = 20;     // for each filament, of chains that fit

struct Extent {
  Vec3 low{std::numeric_limits<double>::max(), std::numeric_limits<double>::max(), std::numeric_limits<double>::max()};
  Vec3 high = -low;
};

Extent extent_of(const std::vector<Vec3>& nodes) {
  Extent out;
  for (const Vec3& p : nodes) {
    out.low = {std::min(out.low.x, p.x), std::min(out.low.y, p.y), std::min(out.low.z, p.z)};
    out.high = {std::max(out.high.x, p.x), std::max(out.high.y, p.y), std::max(out.high.z, p.z)};
  }
  return out;
}

// One of the 24 turns that carry the axes to axes.
Rotation axis_turn(Random& random) {
  const Rotation quarter_z = Rotation::about_axis({0, 0, 1}, pi / 2 * static_cast<double>(random.below(4)));
  const uint64_t face = random.below(6);
  if (face < 4) return Rotation::about_axis({1, 0, 0}, pi / 2 * static_cast<double>(face)) * quarter_z;
  return Rotation::about_axis({0, 1, 0}, face == 4 ? pi / 2 : -pi / 2) * quarter_z;
}

// A place inside the box for an oriented membrane; false when it is too large this way.
bool shift_into_box(SceneMembrane& membrane, Shape3 shape, double lattice_A, Random& random) {
  const Extent extent = extent_of(membrane.nodes_A);
  const double half = membrane.thickness_A / 2;
  const auto draw = [&](double low, double high, int64_t count, double& shift) {
    const double first = half - low, last = static_cast<double>(count - 1) * lattice_A - half - high;
    shift = first <= last ? random.uniform(first, last) : 0;
    return first <= last;
  };
  Vec3 shift;
  const bool x = draw(extent.low.x, extent.high.x, shape.x, shift.x),
             y = draw(extent.low.y, extent.high.y, shape.y, shift.y),
             z = draw(extent.low.z, extent.high.z, shape.z, shift.z);
  if (!(x && y && z)) return false;
  place_membrane(membrane, Rotation(), shift);
  return true;
}

bool membrane_is_free(const SceneMembrane& membrane, double lattice_A, double gap_A, const Volume<uint8_t>& occupancy) {
  // Most places that are taken show at a node already.
  const Shape3 n = occupancy.shape();
  for (const Vec3& node : membrane.nodes_A) {
    const auto voxel = [&](double at, int64_t count) {
      return std::clamp<int64_t>(std::llround(at / lattice_A), 0, count - 1);
    };
    if (occupancy(voxel(node.z, n.z), voxel(node.y, n.y), voxel(node.x, n.x))) return false;
  }
  bool free = true;
  const bool inside =
      visit_membrane_voxels(membrane, n, lattice_A, gap_A, [&](int64_t i) { free = free && !occupancy[i]; });
  if (!free) return false;
  return inside || (gap_A > 0 && visit_membrane_voxels(membrane, n, lattice_A, 0, [](int64_t) {}));
}

bool place_one_membrane(const MembraneRequest& request, double lattice_A, double gap_A, Random& random, uint8_t value,
                        Volume<uint8_t>& occupancy, std::vector<SceneMembrane>& out) {
  const MembraneShape shape{request.bending_modulus_kT, std::max(2 * lattice_A, request.thickness_A / 2)};
  const double spacing = request.spacing_A.value_or(request.diameter_A);
  for (int attempt = 0; attempt < membrane_tries; ++attempt) {
    const bool sheet = request.shape == "sheet";
    SceneMembrane membrane = sheet ? undulating_sheet({static_cast<double>(request.balls[0] - 1) * spacing,
                                                       static_cast<double>(request.balls[1] - 1) * spacing},
                                                      request.thickness_A, shape, random)
                                   : undulating_vesicle(request.radius_A, request.thickness_A, shape, random);
    place_membrane(membrane, sheet && attempt % 2 == 1 ? axis_turn(random) : Rotation::random(random), {});
    if (!shift_into_box(membrane, occupancy.shape(), lattice_A, random)) continue;
    if (!membrane_is_free(membrane, lattice_A, gap_A, occupancy)) continue;
    visit_membrane_voxels(membrane, occupancy.shape(), lattice_A, 0, [&](int64_t i) { occupancy[i] = value; });
    out.push_back(std::move(membrane));
    return true;
  }
  return false;
}

// A position as a voxel of the lattice and an offset that is a multiple of 2⁻¹⁰, so that both add up exactly.
struct Snapped {
  Voxel voxel;
  Vec3 offset;
  Vec3 position_A(double lattice_A) const {
    return Vec3{static_cast<double>(voxel.x) + offset.x, static_cast<double>(voxel.y) + offset.y,
                static_cast<double>(voxel.z) + offset.z} *
           lattice_A;
  }
};

Snapped snap(Vec3 position_A, double lattice_A) {
  const auto split = [&](double at, int64_t& whole) {
    const double fine = std::round(at / lattice_A * 1024) / 1024;
    whole = static_cast<int64_t>(std::floor(fine + 0.5));
    return fine - static_cast<double>(whole);
  };
  Snapped out;
  out.offset.x = split(position_A.x, out.voxel.x);
  out.offset.y = split(position_A.y, out.voxel.y);
  out.offset.z = split(position_A.z, out.voxel.z);
  return out;
}

// Whether every voxel of these runs is inside the lattice and either free or, where allowed ≠ 0, of that value.
bool runs_fit(const std::vector<MaskRun>& runs, Voxel at, uint8_t allowed, const Volume<uint8_t>& occupancy) {
  const Shape3 n = occupancy.shape();
  for (const MaskRun& run : runs) {
    const int64_t z = at.z + run.z, y = at.y + run.y, x = at.x + run.x;
    if (z < 0 || y < 0 || x < 0 || z >= n.z || y >= n.y || x + run.length > n.x) return false;
    for (int64_t i = x; i < x + run.length; ++i)
      if (const uint8_t value = occupancy(z, y, i); value != 0 && value != allowed) return false;
  }
  return true;
}

void mark_runs(const std::vector<MaskRun>& runs, Voxel at, Volume<uint8_t>& occupancy) {
  for (const MaskRun& run : runs)
    std::fill_n(&occupancy(at.z + run.z, at.y + run.y, at.x + run.x), run.length, uint8_t{1});
}

// Radius of the tube that holds every repeat whatever its turn, and how far a repeat reaches along the axis.
struct TubeSize {
  double radius_A, margin_A;
};

TubeSize tube_of(const FilamentRequest& request, const FilamentPart& part) {
  if (!part.surface) return {request.diameter_A / 2, 0};
  const double reach = part.surface->radius_A();
  double across = 0, along = 0;
  const double step = 2.5;
  for (double z = -reach; z <= reach; z += step)
    for (double y = -reach; y <= reach; y += step)
      for (double x = -reach; x <= reach; x += step)
        if (part.surface->contains({x, y, z})) {
          across = std::max(across, std::hypot(x + part.repeat.from_axis_A.x, y + part.repeat.from_axis_A.y));
          along = std::max(along, std::abs(z));
        }
  return {across + step, along + step};
}

// The repeats of one chain, if all of them are clear of everything else.
struct Strung {
  SceneBody body;
  Voxel voxel;
  std::vector<MaskRun> voxels;
};

std::vector<Strung> string_repeats(const std::vector<Vec3>& nodes, const FilamentPart& part, double margin_A,
                                   double lattice_A, double gap_A, const Volume<uint8_t>& occupancy, Random& random) {
  std::vector<Strung> out;
  for (const RepeatPose& pose : repeats_along(nodes, part.repeat, margin_A, random.uniform(0, 2 * pi))) {
    const Snapped at = snap(pose.position_A, lattice_A);
    BodyMask mask = make_body_mask(*part.surface, pose.scene_from_ref, at.offset, lattice_A, gap_A);
    if (!runs_fit(mask.keep_out, at.voxel, 0, occupancy)) return {};
    out.push_back({{part.species, at.position_A(lattice_A), pose.scene_from_ref}, at.voxel, std::move(mask.voxels)});
  }
  return out;
}

bool place_one_filament(const FilamentRequest& request, const FilamentPart& part, double lattice_A, double gap_A,
                        Random& random, Volume<uint8_t>& occupancy, PlacedObstacles& out) {
  const TubeSize tube = tube_of(request, part);
  const FilamentShape shape{request.length_A() + 2 * tube.margin_A, tube.radius_A + gap_A + lattice_A,
                            request.persistence_length_A, std::max(lattice_A, tube.radius_A / 3)};
  const auto index = static_cast<int32_t>(out.filaments.size());
  for (int attempt = 0; attempt < chain_tries; ++attempt) {
    const std::vector<Vec3> nodes = grow_filament(occupancy, lattice_A, shape, random);
    if (nodes.empty()) return false;
    if (!part.surface) {
      visit_tube_voxels(nodes, tube.radius_A, occupancy.shape(), lattice_A, [&](int64_t i) { occupancy[i] = 1; });
    } else {
      std::vector<Strung> repeats = string_repeats(nodes, part, tube.margin_A, lattice_A, gap_A, occupancy, random);
      if (repeats.empty()) continue;  // a chain bent so much that a repeat sticks out of the tube kept free for it
      for (Strung& repeat : repeats) {
        mark_runs(repeat.voxels, repeat.voxel, occupancy);
        repeat.body.filament = index;
        out.bodies.push_back(repeat.body);
      }
    }
    out.filaments.push_back({request.name, nodes, tube.radius_A, part.species});
    return true;
  }
  return false;
}

}  // namespace

PlacedObstacles place_obstacles(const SceneRequest& request, const std::vector<FilamentPart>& parts, double lattice_A,
                                double gap_A, Volume<uint8_t>& occupancy, ExecContext& context) {
  PlacedObstacles out;
  const auto stop_if_asked = [&] {
    if (context.stop_requested()) throw Interrupted("stopped while placing membranes and filaments");
  };
  int64_t total = 0;
  for (const MembraneRequest& membrane : request.membranes) total += membrane.copies;
  for (const FilamentRequest& filament : request.filaments) total += filament.copies;
  Progress progress(context.sink, "membranes and filaments", total);
  uint64_t item = 0;
  for (const MembraneRequest& membrane : request.membranes)
    for (int64_t copy = 0; copy < membrane.copies; ++copy, progress.advance()) {
      stop_if_asked();
      Random random(context.seed, "product membrane", item++);
      if (place_one_membrane(membrane, lattice_A, gap_A, random,
                             membrane_value(static_cast<int64_t>(out.membranes.size())), occupancy, out.membranes))
        out.membrane_names.push_back(membrane.name);
    }
  for (size_t i = 0; i < request.filaments.size(); ++i)
    for (int64_t copy = 0; copy < request.filaments[i].copies; ++copy, progress.advance()) {
      stop_if_asked();
      Random random(context.seed, "product filament", item++);
      place_one_filament(request.filaments[i], parts[i], lattice_A, gap_A, random, occupancy, out);
    }
  return out;
}

std::vector<SceneBody> embed_proteins(const MembraneProteinTask& task, const Scene& scene, double lattice_A,
                                      double gap_A, Volume<uint8_t>& occupancy, ExecContext& context) {
  std::vector<SceneBody> out;
  if (task.membranes.empty()) return out;
  std::vector<MembraneSampler> samplers;
  std::vector<double> area;
  for (const int32_t membrane : task.membranes) {
    samplers.emplace_back(scene.membranes[membrane]);
    area.push_back((area.empty() ? 0 : area.back()) + samplers.back().area_A2());
  }
  Random random(context.seed, "membrane proteins", static_cast<uint64_t>(task.species));
  Progress progress(context.sink, "membrane proteins", task.copies);
  for (int64_t copy = 0; copy < task.copies; ++copy, progress.advance()) {
    if (context.stop_requested()) throw Interrupted("stopped while placing membrane proteins");
    bool placed = false;
    for (int attempt = 0; attempt < protein_tries && !placed; ++attempt) {
      const auto which = static_cast<size_t>(
          std::upper_bound(area.begin(), area.end() - 1, random.uniform(0, area.back())) - area.begin());
      const MembraneSampler::Point point = samplers[which].draw(random);
      const Vec3 z{0, 0, 1}, turn_axis = z.cross(point.normal);
      const double angle = std::atan2(turn_axis.norm(), point.normal.z);
      const Rotation upright = turn_axis.norm() < 1e-9
                                   ? (point.normal.z > 0 ? Rotation() : Rotation::about_axis({1, 0, 0}, pi))
                                   : Rotation::about_axis(turn_axis, angle);
      const Rotation rotation = upright * Rotation::about_axis(z, random.uniform(0, 2 * pi));
      const Snapped at = snap(point.position_A + point.normal * task.offset_A, lattice_A);
      const BodyMask mask = make_body_mask(*task.surface, rotation, at.offset, lattice_A, gap_A);
      const int32_t membrane = task.membranes[which];
      if (!runs_fit(mask.keep_out, at.voxel, membrane_value(membrane), occupancy)) continue;
      mark_runs(mask.voxels, at.voxel, occupancy);
      out.push_back({task.species, at.position_A(lattice_A), rotation, -1, membrane});
      placed = true;
    }
    if (!placed) break;  // the next copy would fare no better
  }
  if (progress.done() < task.copies) progress.advance(task.copies - progress.done());
  return out;
}

Volume<uint8_t> obstacles_of(const Scene& scene, Shape3 shape, double voxel_size_A) {
  Volume<uint8_t> out(shape);
  for (size_t i = 0; i < scene.membranes.size(); ++i)
    visit_membrane_voxels(scene.membranes[i], shape, voxel_size_A, 0,
                          [&](int64_t voxel) { out[voxel] = membrane_value(static_cast<int64_t>(i)); });
  for (const SceneFilament& filament : scene.filaments)
    if (filament.species < 0)
      visit_tube_voxels(filament.nodes_A, filament.radius_A, shape, voxel_size_A,
                        [&](int64_t voxel) { out[voxel] = 1; });
  return out;
}

}  // namespace tessera
