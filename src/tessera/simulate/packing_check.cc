// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/packing_check.h"

#include <algorithm>
#include <cmath>

namespace tessera {
namespace {

constexpr int64_t slab_planes = 16;

struct Slab {
  int64_t first, last;  // planes [first, last)
  Volume<uint8_t> painted;
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
        uint8_t& count = slab.painted(z - slab.first, y, x);
        out.collisions += count == 1;
        out.body_voxels += count == 0;
        count = static_cast<uint8_t>(std::min(2, count + 1));
        const uint8_t obstacle = obstacles.empty() ? 0 : obstacles(z, y, x);
        if (obstacle) ++(obstacle == body.allowed ? out.embedded : out.in_obstacles);
      }
}

}  // namespace

PackingCheck check_packing(const std::vector<PosedSurface>& bodies, Shape3 shape, double voxel_size_A,
                           const Volume<uint8_t>& obstacles, ExecContext& context) {
  const int64_t slabs = (shape.z + slab_planes - 1) / slab_planes;
  std::vector<std::vector<const PosedSurface*>> of_slab(static_cast<size_t>(slabs));
  for (const PosedSurface& body : bodies) {
    const double reach = body.surface->radius_A() + voxel_size_A;
    const auto plane = [&](double z) { return static_cast<int64_t>(std::floor(z / voxel_size_A)); };
    const int64_t first = std::clamp<int64_t>(plane(body.position_A.z - reach) / slab_planes, 0, slabs - 1);
    const int64_t last = std::clamp<int64_t>((plane(body.position_A.z + reach) + 1) / slab_planes, 0, slabs - 1);
    for (int64_t slab = first; slab <= last; ++slab) of_slab[slab].push_back(&body);
  }
  std::vector<PackingCheck> parts(static_cast<size_t>(slabs));
  context.threads.for_each(slabs, [&](int64_t i, int) {
    if (context.stop_requested()) return;
    const int64_t first = i * slab_planes, last = std::min(shape.z, first + slab_planes);
    Slab slab{first, last, Volume<uint8_t>({last - first, shape.y, shape.x})};
    for (const PosedSurface* body : of_slab[i]) paint(*body, slab, shape, voxel_size_A, obstacles, parts[i]);
    if (!obstacles.empty())
      for (int64_t v = 0; v < slab.painted.size(); ++v)
        parts[i].obstacle_voxels += obstacles[first * shape.y * shape.x + v] && !slab.painted[v];
  });
  if (context.stop_requested()) throw Interrupted("stopped while checking the packing");
  PackingCheck out;
  out.voxels = shape.count();
  for (const PackingCheck& part : parts) {
    out.body_voxels += part.body_voxels;
    out.obstacle_voxels += part.obstacle_voxels;
    out.collisions += part.collisions;
    out.in_obstacles += part.in_obstacles;
    out.embedded += part.embedded;
    out.outside += part.outside;
  }
  return out;
}

}  // namespace tessera
