// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/packing_check.h"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace tessera {
namespace {

constexpr int64_t most_slab_planes = 16, most_slab_voxels = 16'000'000;

struct Slab {
  int64_t first, last;      // planes [first, last)
  Volume<int32_t> owner;    // + 1; 0 for none
  Volume<uint8_t> counted;  // 1 shared by bodies of one owner, 2 a collision
};

void paint(const PosedSurface& body, Slab& slab, Shape3 shape, double voxel_size_A, const Volume<uint8_t>& obstacles,
           PackingCheck& out) {
  const Mat3 back = body.scene_from_ref.inverse().matrix();
  const double reach = body.surface->radius_A() / voxel_size_A;
  const Vec3 c = body.position_A * (1 / voxel_size_A);
  const auto low = [&](double centre) { return static_cast<int64_t>(std::floor(centre - reach)); };
  const auto high = [&](double centre) { return static_cast<int64_t>(std::ceil(centre + reach)); };
  // What lies below the first or above the last plane of the lattice belongs to the outermost slabs.
  const int64_t z0 = slab.first == 0 ? low(c.z) : std::max(slab.first, low(c.z));
  const int64_t z1 = slab.last == shape.z ? high(c.z) : std::min(slab.last - 1, high(c.z));
  for (int64_t z = z0; z <= z1; ++z)
    for (int64_t y = low(c.y); y <= high(c.y); ++y)
      for (int64_t x = low(c.x); x <= high(c.x); ++x) {
        const Vec3 v{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)};
        if (!body.surface->contains(back * (v * voxel_size_A - body.position_A))) continue;
        if (z < 0 || y < 0 || x < 0 || z >= shape.z || y >= shape.y || x >= shape.x) {
          ++out.outside;
          continue;
        }
        int32_t& owner = slab.owner(z - slab.first, y, x);
        out.body_voxels += owner == 0;
        if (owner != 0) {
          uint8_t& counted = slab.counted(z - slab.first, y, x);
          counted = std::max<uint8_t>(counted, owner == body.owner + 1 ? 1 : 2);
        }
        if (owner == 0) owner = body.owner + 1;
        const uint8_t obstacle = obstacles.empty() ? 0 : obstacles(z, y, x);
        if (obstacle) ++(obstacle == body.allowed ? out.embedded : out.in_obstacles);
      }
}

}  // namespace

PackingCheck check_packing(const std::vector<PosedSurface>& bodies, Shape3 shape, double voxel_size_A,
                           const Volume<uint8_t>& obstacles, ExecContext& context, int64_t slabs_checked) {
  const int64_t thickness = std::clamp<int64_t>(most_slab_voxels / (shape.y * shape.x), 1, most_slab_planes);
  const int64_t slabs = (shape.z + thickness - 1) / thickness, checked = std::min(slabs, slabs_checked);
  std::vector<std::vector<const PosedSurface*>> of_slab(static_cast<size_t>(slabs));
  for (const PosedSurface& body : bodies) {
    const double reach = body.surface->radius_A() + voxel_size_A;
    const auto slab_at = [&](double z) {
      return std::clamp<int64_t>(static_cast<int64_t>(std::floor(z / voxel_size_A)) / thickness, 0, slabs - 1);
    };
    const int64_t last = slab_at(body.position_A.z + reach + voxel_size_A);
    for (int64_t slab = slab_at(body.position_A.z - reach); slab <= last; ++slab) of_slab[slab].push_back(&body);
  }
  std::vector<PackingCheck> parts(static_cast<size_t>(checked));
  Progress progress(context.sink, "checking", checked);
  std::mutex lock;
  context.threads.for_each(checked, [&](int64_t part, int) {
    if (context.stop_requested()) return;
    const int64_t i = (2 * part + 1) * slabs / (2 * checked);
    const int64_t first = i * thickness, last = std::min(shape.z, first + thickness);
    const Shape3 planes{last - first, shape.y, shape.x};
    Slab slab{first, last, Volume<int32_t>(planes), Volume<uint8_t>(planes)};
    for (const PosedSurface* body : of_slab[i]) paint(*body, slab, shape, voxel_size_A, obstacles, parts[part]);
    parts[part].voxels = planes.count();
    for (int64_t v = 0; v < planes.count(); ++v) {
      parts[part].shared += slab.counted[v] == 1;
      parts[part].collisions += slab.counted[v] == 2;
      if (!obstacles.empty()) parts[part].obstacle_voxels += obstacles[first * shape.y * shape.x + v] && !slab.owner[v];
    }
    const std::lock_guard guard(lock);
    progress.advance();
  });
  if (context.stop_requested()) throw Interrupted("stopped while checking the packing");
  PackingCheck out;
  for (const PackingCheck& part : parts) {
    out.voxels += part.voxels;
    out.body_voxels += part.body_voxels;
    out.obstacle_voxels += part.obstacle_voxels;
    out.collisions += part.collisions;
    out.shared += part.shared;
    out.in_obstacles += part.in_obstacles;
    out.embedded += part.embedded;
    out.outside += part.outside;
  }
  return out;
}

Volume<int32_t> label_plane(const std::vector<LabelledSurface>& bodies, Shape3 shape, double voxel_size_A,
                            const Volume<uint8_t>& obstacles, PlaneAcross across, int64_t index) {
  const bool across_z = across == PlaneAcross::z;
  Volume<int32_t> out({1, across_z ? shape.y : shape.z, shape.x});
  const auto voxel = [&](int64_t row, int64_t column) {
    return Vec3{static_cast<double>(column), static_cast<double>(across_z ? row : index),
                static_cast<double>(across_z ? index : row)};
  };
  if (!obstacles.empty())
    for (int64_t row = 0; row < out.shape().y; ++row)
      for (int64_t column = 0; column < shape.x; ++column)
        out(0, row, column) =
            -static_cast<int32_t>(across_z ? obstacles(index, row, column) : obstacles(row, index, column));
  for (const auto& [body, label] : bodies) {
    const Vec3 c = body.position_A * (1 / voxel_size_A);
    const double reach = body.surface->radius_A() / voxel_size_A, row_at = across_z ? c.y : c.z;
    if (std::abs((across_z ? c.z : c.y) - static_cast<double>(index)) > reach) continue;
    const Mat3 back = body.scene_from_ref.inverse().matrix();
    const auto low = [&](double at) { return std::max<int64_t>(0, static_cast<int64_t>(std::floor(at - reach))); };
    const auto high = [&](double at, int64_t n) {
      return std::min(n - 1, static_cast<int64_t>(std::ceil(at + reach)));
    };
    for (int64_t row = low(row_at); row <= high(row_at, out.shape().y); ++row)
      for (int64_t column = low(c.x); column <= high(c.x, shape.x); ++column)
        if (body.surface->contains(back * (voxel(row, column) * voxel_size_A - body.position_A)))
          out(0, row, column) = label;
  }
  return out;
}

}  // namespace tessera
