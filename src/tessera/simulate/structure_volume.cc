// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/structure_volume.h"

#include <algorithm>
#include <cmath>

#include "tessera/simulate/density.h"

namespace tessera {
namespace {

constexpr double protein_Da_per_A3 = 0.81, resolution_voxels = 3, finest_A = 4;

double reach_A(const AtomicModel& model) {
  Vec3 centre;
  double mass = 0, reach = 0;
  for (const Atom& atom : model.atoms) {
    if (atom.atomic_number == 1) continue;
    centre += atom.position_A * atom.mass;
    mass += atom.mass;
  }
  centre = centre * (mass > 0 ? 1 / mass : 0);
  for (const Atom& atom : model.atoms)
    if (atom.atomic_number != 1) reach = std::max(reach, (atom.position_A - centre).norm());
  return reach;
}

}  // namespace

StructureVolume structure_volume(const AtomicModel& model) {
  const double reach = reach_A(model);
  DensityOptions options;
  options.kernel = "situs";
  options.voxel_size_A = std::max(finest_A, 2 * reach / 500);
  options.resolution_A = resolution_voxels * options.voxel_size_A;
  options.box =
      std::clamp(2 * static_cast<int>(std::ceil((reach + options.resolution_A) / options.voxel_size_A)), 8, 512);
  const DensityResult density = density_of(model, options);
  StructureVolume out;
  out.voxel_size_A = options.voxel_size_A;
  out.inside = Volume<uint8_t>(density.map.voxels.shape());
  const float threshold = protein_Da_per_A3 / 2;
  // Eight samples a voxel, by trilinear interpolation at ±1/4, smooth the count.
  const Volume<float>& v = density.map.voxels;
  const Shape3 shape = v.shape();
  int64_t samples = 0;
  for (int64_t z = 1; z + 1 < shape.z; ++z)
    for (int64_t y = 1; y + 1 < shape.y; ++y)
      for (int64_t x = 1; x + 1 < shape.x; ++x) {
        out.inside(z, y, x) = v(z, y, x) > threshold;
        for (int corner = 0; corner < 8; ++corner) {
          const int64_t sx = corner & 1 ? 1 : -1, sy = corner & 2 ? 1 : -1, sz = corner & 4 ? 1 : -1;
          const float near = 0.75f * v(z, y, x) + 0.25f * v(z, y, x + sx);
          const float row = 0.75f * v(z, y + sy, x) + 0.25f * v(z, y + sy, x + sx);
          const float plane = 0.75f * v(z + sz, y, x) + 0.25f * v(z + sz, y, x + sx);
          const float far = 0.75f * v(z + sz, y + sy, x) + 0.25f * v(z + sz, y + sy, x + sx);
          samples += 0.75f * (0.75f * near + 0.25f * row) + 0.25f * (0.75f * plane + 0.25f * far) > threshold;
        }
      }
  out.volume_A3 = static_cast<double>(samples) / 8 * std::pow(options.voxel_size_A, 3);
  return out;
}

}  // namespace tessera
