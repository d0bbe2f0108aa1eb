// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/scene_potential.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <mutex>
#include <utility>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

constexpr int64_t slab_planes = 8;

struct VoxelRange {
  int64_t x0, x1, y0, y1, z0, z1;  // first, one past the last
};

// One slab of planes in the making.
class Slab {
 public:
  Slab(SceneVolumes& out, int64_t first_plane, double voxel_size_A)
      : out_(out),
        voxel_(voxel_size_A),
        z0_(first_plane),
        z1_(std::min(first_plane + slab_planes, out.potential.shape().z)) {
    const Shape3 shape{z1_ - z0_, out.potential.shape().y, out.potential.shape().x};
    claim_ = Volume<float>(shape, 0.0f);
  }

  // Calls visit(voxel index, index in the slab, position in Å) for the slab's voxels in a box about `centre`.
  template <typename Visit>
  void for_each_near(Vec3 low_A, Vec3 high_A, Visit&& visit) {
    const Shape3 shape = out_.potential.shape();
    const VoxelRange r{first(low_A.x),          last(high_A.x, shape.x),       first(low_A.y),
                       last(high_A.y, shape.y), std::max(z0_, first(low_A.z)), std::min(z1_, last(high_A.z, shape.z))};
    for (int64_t z = r.z0; z < r.z1; ++z)
      for (int64_t y = r.y0; y < r.y1; ++y) {
        const int64_t row = (z * shape.y + y) * shape.x, own = ((z - z0_) * shape.y + y) * shape.x;
        const Vec3 start{0, static_cast<double>(y) * voxel_, static_cast<double>(z) * voxel_};
        for (int64_t x = r.x0; x < r.x1; ++x)
          visit(row + x, own + x, Vec3{static_cast<double>(x) * voxel_, start.y, start.z});
      }
  }

  void add_body(const SceneBody& body, const TurnedDensity& density, double reach_A, double threshold, int64_t number) {
    const Mat3 back = body.scene_from_ref.matrix().transposed();
    const double reach = std::min(reach_A, density.reach() * voxel_), square = reach * reach;
    const Vec3 extent{reach, reach, reach};
    const float claim_scale = static_cast<float>(1 / threshold);
    for_each_near(body.position_A - extent, body.position_A + extent, [&](int64_t i, int64_t own, Vec3 place) {
      const Vec3 from = place - body.position_A;
      if (from.dot(from) >= square) return;
      const float value = density.at(back * from * (1 / voxel_));
      out_.potential[i] += value;
      claim(i, own, value * claim_scale, number);
    });
  }

  void add_tube(const SceneFilament& filament, double sigma_A, double density, int64_t number) {
    const double reach = filament.radius_A + 3 * sigma_A;
    const auto measure_all = [&] {
      for (size_t k = 0; k + 1 < filament.nodes_A.size(); ++k) {
        const Vec3 a = filament.nodes_A[k], b = filament.nodes_A[k + 1];
        measure({a, b}, reach, [&](Vec3 place) { return distance_to_segment(place, a, b); });
      }
    };
    draw_near(filament.nodes_A, reach, measure_all, [&](int64_t i, int64_t own, double distance) {
      const double part = blurred_stretch(distance, -filament.radius_A, filament.radius_A, sigma_A);
      out_.potential[i] += static_cast<float>(density * part);
      claim(i, own, distance <= filament.radius_A ? 1.0f : 0.0f, number);
    });
  }

  void add_membrane(const SceneMembrane& membrane, double sigma_A, const MaterialDensities& materials, int64_t number) {
    const double half = 0.5 * membrane.thickness_A, reach = half + 3 * sigma_A;
    const auto measure_all = [&] {
      for (const auto& t : membrane.triangles) {
        const Vec3 a = membrane.nodes_A[t[0]], b = membrane.nodes_A[t[1]], c = membrane.nodes_A[t[2]];
        measure({a, b, c}, reach, [&](Vec3 place) { return distance_to_triangle(place, a, b, c); });
      }
    };
    draw_near(membrane.nodes_A, reach, measure_all, [&](int64_t i, int64_t own, double distance) {
      const double filled = std::clamp(out_.potential[i] / materials.protein, 0.0, 1.0);
      const double value = bilayer_density(distance, membrane.thickness_A, sigma_A, materials);
      out_.potential[i] += static_cast<float>((1 - filled) * value);
      claim(i, own, distance <= half ? 1.0f : 0.0f, number);
    });
  }

  void add_bead(const GoldBead& bead, double sigma_A, double density, int64_t number) {
    const double reach = bead.radius_A + 3 * sigma_A;
    const Vec3 extent{reach, reach, reach};
    for_each_near(bead.position_A - extent, bead.position_A + extent, [&](int64_t i, int64_t own, Vec3 place) {
      const double distance = (place - bead.position_A).norm();
      if (distance > reach) return;
      out_.potential[i] +=
          static_cast<float>(density * blurred_stretch(distance, -bead.radius_A, bead.radius_A, sigma_A));
      claim(i, own, distance <= bead.radius_A ? std::numeric_limits<float>::max() : 0.0f, number);
    });
  }

 private:
  int64_t first(double low_A) const { return std::max<int64_t>(0, static_cast<int64_t>(std::ceil(low_A / voxel_))); }
  int64_t last(double high_A, int64_t size) const {
    return std::min(size, static_cast<int64_t>(std::floor(high_A / voxel_)) + 1);
  }
  void claim(int64_t i, int64_t own, float strength, int64_t number) {
    if (strength < 1 || strength <= claim_[own]) return;
    claim_[own] = strength;
    out_.instances[i] = static_cast<float>(number);
  }

  // A box about points: its lowest and highest corner, `reach` beyond them.
  static std::pair<Vec3, Vec3> box_about(const std::vector<Vec3>& points, double reach) {
    Vec3 low = points.front(), high = low;
    for (const Vec3 p : points) {
      low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
    }
    const Vec3 beyond{reach, reach, reach};
    return {low - beyond, high + beyond};
  }

  template <typename Distance>
  void measure(const std::vector<Vec3>& corners, double reach, Distance&& distance) {
    const auto [low, high] = box_about(corners, reach);
    for_each_near(low, high, [&](int64_t, int64_t own, Vec3 place) {
      nearest_[own] = std::min(nearest_[own], static_cast<float>(distance(place)));
    });
  }

  // Measures distances to an object, draws what lies within `reach`, forgets the distances.
  template <typename MeasureAll, typename Draw>
  void draw_near(const std::vector<Vec3>& nodes, double reach, MeasureAll&& measure_all, Draw&& draw) {
    if (nodes.empty()) return;
    const auto [low, high] = box_about(nodes, reach);
    if (high.z < static_cast<double>(z0_) * voxel_ || low.z > static_cast<double>(z1_) * voxel_) return;
    if (nearest_.empty()) nearest_ = Volume<float>(claim_.shape(), std::numeric_limits<float>::max());
    measure_all();
    for_each_near(low, high, [&](int64_t i, int64_t own, Vec3) {
      const float distance = std::exchange(nearest_[own], std::numeric_limits<float>::max());
      if (distance <= reach) draw(i, own, static_cast<double>(distance));
    });
  }

  SceneVolumes& out_;
  double voxel_;
  int64_t z0_, z1_;
  Volume<float> claim_, nearest_;
};

bool reaches(double low_A, double high_A, double slab_low_A, double slab_high_A) {
  return high_A >= slab_low_A && low_A <= slab_high_A;
}

}  // namespace

double threshold_of_volume(const Map& map, double volume_A3) {
  const double voxels = volume_A3 / std::pow(map.voxel_size_A, 3);
  const int64_t count = std::clamp<int64_t>(std::llround(voxels), 1, map.voxels.size());
  std::vector<float> values(map.voxels.begin(), map.voxels.end());
  std::nth_element(values.begin(), values.begin() + (count - 1), values.end(), std::greater<>());
  return values[count - 1];
}

Map ball_density(double radius_A, double voxel_size_A, int64_t box, double sigma_A, double protein_density) {
  Map out{Volume<float>(Shape3::cube(box)), voxel_size_A, {}};
  const Grid grid = out.grid();
  for (int64_t z = 0, i = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x, ++i) {
        const double r = grid.position_A(static_cast<double>(z), static_cast<double>(y), static_cast<double>(x)).norm();
        out.voxels[i] = static_cast<float>(protein_density * blurred_stretch(r, -radius_A, radius_A, sigma_A));
      }
  return out;
}

std::vector<GoldBead> place_gold_beads(const Scene& scene, int64_t count, double diameter_A, uint64_t seed) {
  const double radius = 0.5 * diameter_A;
  std::vector<SceneBall> balls = scene.balls;
  if (balls.empty())
    for (const SceneBody& body : scene.bodies) {
      SceneBall& ball = balls.emplace_back();
      ball.position_A = body.position_A;
      ball.radius_A = scene.species[body.species].radius_A;
    }
  std::vector<GoldBead> beads;
  for (int64_t bead = 0; bead < count; ++bead) {
    Random random(seed, "gold bead", static_cast<uint64_t>(bead));
    bool placed = false;
    for (int draw = 0; draw < 2000 && !placed; ++draw) {
      const double z = bead % 2 == 0 ? radius : scene.box_A[2] - radius;
      const Vec3 at{random.uniform(radius, scene.box_A[0] - radius), random.uniform(radius, scene.box_A[1] - radius),
                    z};
      const auto touches = [&](Vec3 other, double other_radius) { return (at - other).norm() < radius + other_radius; };
      placed = std::none_of(balls.begin(), balls.end(),
                            [&](const SceneBall& ball) { return touches(ball.position_A, ball.radius_A); }) &&
               std::none_of(beads.begin(), beads.end(),
                            [&](const GoldBead& other) { return touches(other.position_A, other.radius_A); });
      if (placed) beads.push_back({at, radius});
    }
    if (!placed) break;
  }
  return beads;
}

InstanceNumbers number_instances(const Scene& scene, size_t beads) {
  InstanceNumbers numbers;
  numbers.bodies = static_cast<int64_t>(scene.bodies.size());
  for (size_t f = 0; f < scene.filaments.size(); ++f)
    if (scene.filaments[f].species < 0) numbers.tubes.push_back(static_cast<int64_t>(f));
  numbers.filaments = static_cast<int64_t>(numbers.tubes.size());
  numbers.membranes = static_cast<int64_t>(scene.membranes.size());
  numbers.beads = static_cast<int64_t>(beads);
  return numbers;
}

SceneVolumes draw_scene(const Scene& scene, const std::vector<SpeciesDensity>& species,
                        const std::vector<GoldBead>& beads, const SceneDrawing& drawing, ExecContext& context) {
  const InstanceNumbers numbers = number_instances(scene, beads.size());
  if (numbers.count() > int64_t{1} << 24)
    throw UserError(
        fmt::format("the scene holds {} instances; instances.mrc can tell 16777216 apart", numbers.count()));
  const MaterialDensities materials = material_densities(drawing.kernel);
  const double sigma = drawing.resolution_A / (2 * std::sqrt(3.0)), voxel = scene.voxel_size_A;
  std::vector<TurnedDensity> densities;
  for (const SpeciesDensity& one : species) densities.emplace_back(one.map.voxels);
  SceneVolumes out{Volume<float>(scene.shape(), 0.0f), Volume<float>(scene.shape(), 0.0f)};
  const int64_t slabs = (scene.shape().z + slab_planes - 1) / slab_planes;
  Progress progress(context.sink, "drawing the scene", slabs);
  std::mutex progress_lock;
  context.threads.for_each(slabs, [&](int64_t s, int) {
    if (context.stop_requested()) throw Interrupted("stopped while the scene was drawn; nothing was written");
    Slab slab(out, s * slab_planes, voxel);
    const double low = static_cast<double>(s * slab_planes) * voxel, high = low + (slab_planes - 1) * voxel;
    for (size_t i = 0; i < scene.bodies.size(); ++i) {
      const SceneBody& body = scene.bodies[i];
      const SpeciesDensity& own = species[body.species];
      if (reaches(body.position_A.z - own.reach_A, body.position_A.z + own.reach_A, low, high))
        slab.add_body(body, densities[body.species], own.reach_A, own.threshold,
                      numbers.of_body(static_cast<int64_t>(i)));
    }
    for (size_t i = 0; i < numbers.tubes.size(); ++i)
      slab.add_tube(scene.filaments[numbers.tubes[i]], sigma, materials.protein,
                    numbers.of_tube(static_cast<int64_t>(i)));
    for (size_t i = 0; i < scene.membranes.size(); ++i)
      slab.add_membrane(scene.membranes[i], sigma, materials, numbers.of_membrane(static_cast<int64_t>(i)));
    for (size_t i = 0; i < beads.size(); ++i)
      slab.add_bead(beads[i], sigma, materials.gold, numbers.of_bead(static_cast<int64_t>(i)));
    const std::lock_guard lock(progress_lock);
    progress.advance();
  });
  return out;
}

}  // namespace tessera
