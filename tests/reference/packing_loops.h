// SPDX-License-Identifier: GPL-3.0-or-later
// Slow, obvious loops over voxels: the oracles of the dense packing.
#pragma once

#include <set>
#include <tuple>
#include <vector>

#include "tessera/simulate/packing_window.h"

namespace tessera::reference {

using Cell = std::tuple<int64_t, int64_t, int64_t>;  // z, y, x

// The voxels inside a body placed at `position` (its voxel), by asking the surface about each.
inline std::set<Cell> body_voxels(const MolecularSurface& surface, const BodyMask& mask, Voxel position,
                                  double voxel_size_A) {
  std::set<Cell> out;
  const auto reach = static_cast<int64_t>(surface.radius_A() / voxel_size_A) + 2;
  const Rotation back = mask.scene_from_ref.inverse();
  for (int64_t z = -reach; z <= reach; ++z)
    for (int64_t y = -reach; y <= reach; ++y)
      for (int64_t x = -reach; x <= reach; ++x) {
        const Vec3 v =
            Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)} - mask.offset_voxels;
        if (surface.contains(back * (v * voxel_size_A))) out.insert({position.z + z, position.y + y, position.x + x});
      }
  return out;
}

inline bool is_full(const Volume<uint8_t>& occupancy, Cell cell) {
  const auto [z, y, x] = cell;
  const Shape3 n = occupancy.shape();
  return z < 0 || y < 0 || x < 0 || z >= n.z || y >= n.y || x >= n.x || occupancy(z, y, x) != 0;
}

// Whether any occupied voxel (or any outside the lattice) is a voxel of the body or within gap_voxels of one.
inline bool collides(const Volume<uint8_t>& occupancy, const std::set<Cell>& body, double gap_voxels) {
  const auto reach = static_cast<int64_t>(gap_voxels);
  for (const auto& [z, y, x] : body)
    for (int64_t dz = -reach; dz <= reach; ++dz)
      for (int64_t dy = -reach; dy <= reach; ++dy)
        for (int64_t dx = -reach; dx <= reach; ++dx)
          if (static_cast<double>(dz * dz + dy * dy + dx * dx) <= gap_voxels * gap_voxels + 1e-9 &&
              is_full(occupancy, {z + dz, y + dy, x + dx}))
            return true;
  return false;
}

// Occupied voxels among the 26-neighbours of a body (gap 0), each counted once.
inline int64_t contacts(const Volume<uint8_t>& occupancy, const std::set<Cell>& body) {
  std::set<Cell> shell;
  for (const auto& [z, y, x] : body)
    for (int64_t dz = -1; dz <= 1; ++dz)
      for (int64_t dy = -1; dy <= 1; ++dy)
        for (int64_t dx = -1; dx <= 1; ++dx)
          if (!body.count({z + dz, y + dy, x + dx})) shell.insert({z + dz, y + dy, x + dx});
  int64_t out = 0;
  for (const Cell& cell : shell) out += is_full(occupancy, cell);
  return out;
}

}  // namespace tessera::reference
