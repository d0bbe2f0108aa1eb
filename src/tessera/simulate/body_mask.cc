// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/body_mask.h"

#include <algorithm>
#include <cmath>

namespace tessera {
namespace {

constexpr int chunk_bits = 56;

// A cube of bytes about the body's voxel, with a margin so that neighbours of what is set never leave it.
struct Cube {
  int reach;  // coordinates −reach … reach
  int edge;
  std::vector<uint8_t> bytes;

  explicit Cube(int reach_of)
      : reach(reach_of), edge(2 * reach_of + 1), bytes(static_cast<size_t>(edge) * edge * edge) {}
  int64_t at(int z, int y, int x) const {
    return (static_cast<int64_t>(z + reach) * edge + y + reach) * edge + x + reach;
  }
};

void fill_inside(Cube& cube, const MolecularSurface& surface, const Rotation& scene_from_ref, Vec3 offset,
                 double voxel_size_A) {
  const Mat3 back = scene_from_ref.inverse().matrix();
  const double limit = surface.radius_A() / voxel_size_A;
  const Vec3 step = back * Vec3{voxel_size_A, 0, 0};
  for (int z = -cube.reach; z <= cube.reach; ++z)
    for (int y = -cube.reach; y <= cube.reach; ++y) {
      const double dz = z - offset.z, dy = y - offset.y, square = limit * limit - dz * dz - dy * dy;
      if (square < 0) continue;
      const double half = std::sqrt(square);
      const int first = std::max(-cube.reach, static_cast<int>(std::floor(offset.x - half)));
      const int last = std::min(cube.reach, static_cast<int>(std::ceil(offset.x + half)));
      const Vec3 start = back * (Vec3{-offset.x, dy, dz} * voxel_size_A);
      for (int x = first; x <= last; ++x) cube.bytes[cube.at(z, y, x)] = surface.contains(start + step * x);
    }
}

// Every voxel no farther than `radius` from a set one.
void dilate_by_ball(Cube& cube, double radius) {
  if (radius < 1) return;
  const int whole = static_cast<int>(radius);
  const std::vector<uint8_t> from = cube.bytes;
  const auto size = static_cast<int64_t>(from.size());
  for (int z = -whole; z <= whole; ++z)
    for (int y = -whole; y <= whole; ++y)
      for (int x = -whole; x <= whole; ++x) {
        if (x * x + y * y + z * z > radius * radius + 1e-9) continue;
        const int64_t shift = (static_cast<int64_t>(z) * cube.edge + y) * cube.edge + x;
        for (int64_t i = std::max<int64_t>(0, shift); i < std::min(size, size + shift); ++i)
          cube.bytes[i] |= from[i - shift];
      }
}

// Each voxel or any of its 26 neighbours, one axis after the other.
void dilate_by_neighbours(Cube& cube) {
  const auto size = static_cast<int64_t>(cube.bytes.size());
  std::vector<uint8_t> from;
  for (const int64_t stride :
       {int64_t{1}, static_cast<int64_t>(cube.edge), static_cast<int64_t>(cube.edge) * cube.edge}) {
    from = cube.bytes;
    for (int64_t i = stride; i < size - stride; ++i) cube.bytes[i] = from[i - stride] | from[i] | from[i + stride];
  }
}

// Sets the empty voxels that no path along faces joins to the cube's corner, and clears the others.
void keep_enclosed(Cube& cube) {
  const auto size = static_cast<int64_t>(cube.bytes.size());
  const int64_t strides[3] = {1, cube.edge, static_cast<int64_t>(cube.edge) * cube.edge};
  std::vector<int64_t> front = {0};
  std::vector<uint8_t> wall = cube.bytes;
  wall[0] = 2;
  while (!front.empty()) {
    const int64_t at = front.back();
    front.pop_back();
    // The margin is empty, so that steps over the cube's faces only meet the outside again.
    for (const int64_t stride : strides)
      for (const int64_t next : {at - stride, at + stride})
        if (next >= 0 && next < size && wall[next] == 0) {
          wall[next] = 2;
          front.push_back(next);
        }
  }
  for (int64_t i = 0; i < size; ++i) cube.bytes[i] = wall[i] == 0;
}

std::vector<MaskRun> runs_of(const Cube& cube) {
  std::vector<MaskRun> out;
  for (int z = -cube.reach; z <= cube.reach; ++z)
    for (int y = -cube.reach; y <= cube.reach; ++y) {
      const uint8_t* row = &cube.bytes[cube.at(z, y, -cube.reach)];
      for (int x = 0; x < cube.edge; ++x) {
        if (!row[x]) continue;
        int end = x + 1;
        while (end < cube.edge && row[end]) ++end;
        out.push_back({static_cast<int16_t>(z), static_cast<int16_t>(y), static_cast<int16_t>(x - cube.reach),
                       static_cast<int16_t>(end - x)});
        x = end;
      }
    }
  return out;
}

std::vector<MaskChunk> chunks_of(const Cube& cube) {
  std::vector<MaskChunk> out;
  for (int z = -cube.reach; z <= cube.reach; ++z)
    for (int y = -cube.reach; y <= cube.reach; ++y) {
      const uint8_t* row = &cube.bytes[cube.at(z, y, -cube.reach)];
      for (int x = 0; x < cube.edge; x += chunk_bits) {
        MaskChunk chunk{static_cast<int16_t>(z), static_cast<int16_t>(y), static_cast<int16_t>(x - cube.reach), 0};
        for (int b = 0; b < std::min(chunk_bits, cube.edge - x); ++b)
          chunk.bits |= static_cast<uint64_t>(row[x + b]) << b;
        if (chunk.bits) out.push_back(chunk);
      }
    }
  return out;
}

}  // namespace

int mask_reach(const MolecularSurface& surface, double voxel_size_A, double gap_A) {
  return static_cast<int>(std::ceil(surface.radius_A() / voxel_size_A + 0.5)) +
         static_cast<int>(std::floor(gap_A / voxel_size_A + 1e-9));
}

BodyMask make_body_mask(const MolecularSurface& surface, const Rotation& scene_from_ref, Vec3 offset_voxels,
                        double voxel_size_A, double gap_A) {
  BodyMask out;
  out.scene_from_ref = scene_from_ref;
  out.offset_voxels = offset_voxels;
  Cube cube(mask_reach(surface, voxel_size_A, gap_A) + 2);
  fill_inside(cube, surface, scene_from_ref, offset_voxels, voxel_size_A);
  out.voxels = runs_of(cube);
  for (const MaskRun& run : out.voxels) out.voxel_count += run.length;
  if (surface.has_cavity()) {
    Cube hollow = cube;
    keep_enclosed(hollow);
    out.sealed = runs_of(hollow);
  }
  const double gap_voxels = gap_A / voxel_size_A + 1e-9;
  dilate_by_ball(cube, gap_voxels);
  out.keep_out = gap_voxels < 1 ? out.voxels : runs_of(cube);
  const std::vector<uint8_t> kept = cube.bytes;
  dilate_by_neighbours(cube);
  for (size_t i = 0; i < kept.size(); ++i) {
    cube.bytes[i] &= static_cast<uint8_t>(~kept[i]);
    out.shell_count += cube.bytes[i];
  }
  out.shell = chunks_of(cube);
  return out;
}

}  // namespace tessera
