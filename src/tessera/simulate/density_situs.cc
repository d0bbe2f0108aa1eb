// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "tessera/base/units.h"
#include "tessera/simulate/density_kernels.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

struct Splat {
  Volume<float> mass;   // Da per voxel
  double variance = 0;  // of the trilinear splat, voxels² per axis, mass-weighted mean
};

Splat splat(const std::vector<PlacedAtom>& atoms, Shape3 shape) {
  Splat out{Volume<float>(shape)};
  Volume<double> mass(shape);
  double total = 0;
  for (const PlacedAtom& placed : atoms) {
    const Vec3 p = placed.voxel;
    const auto x0 = static_cast<int64_t>(std::floor(p.x)), y0 = static_cast<int64_t>(std::floor(p.y)),
               z0 = static_cast<int64_t>(std::floor(p.z));
    const double fx = p.x - static_cast<double>(x0), fy = p.y - static_cast<double>(y0),
                 fz = p.z - static_cast<double>(z0), m = placed.atom->mass;
    for (int corner = 0; corner < 8; ++corner) {
      const int64_t x = x0 + (corner & 1), y = y0 + (corner >> 1 & 1), z = z0 + (corner >> 2);
      if (x < 0 || y < 0 || z < 0 || x >= shape.x || y >= shape.y || z >= shape.z) continue;
      mass(z, y, x) += m * (corner & 1 ? fx : 1 - fx) * (corner >> 1 & 1 ? fy : 1 - fy) * (corner >> 2 ? fz : 1 - fz);
    }
    total += m;
    out.variance += m * (fx * (1 - fx) + fy * (1 - fy) + fz * (1 - fz)) / 3;
  }
  if (total > 0) out.variance /= total;
  for (int64_t i = 0; i < mass.size(); ++i) out.mass[i] = static_cast<float>(mass[i]);
  return out;
}

}  // namespace

Volume<float> situs_density(const std::vector<PlacedAtom>& atoms, const Grid& grid, double resolution_A,
                            bool& kernel_skipped) {
  Splat splatted = splat(atoms, grid.shape);
  const double voxel = grid.voxel_size_A;
  // exp(−1.5 r²/σ²) with σ = R/2 falls to one half at r = σ √(ln 2/1.5).
  const double half_height = 0.5 * resolution_A * std::sqrt(std::log(2.0) / 1.5) / voxel;
  const double variance = resolution_A * resolution_A / (12 * voxel * voxel) - splatted.variance;
  kernel_skipped = half_height < 1 || variance <= 0;
  Volume<float> out = std::move(splatted.mass);
  if (!kernel_skipped) {
    // Padded to twice the box, so that the kernel does not wrap round.
    const Shape3 shape = grid.shape, twice{2 * shape.z, 2 * shape.y, 2 * shape.x};
    HalfSpectrum spectrum = spectrum_of(resize_volume(out, twice));
    for_each_frequency(spectrum, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
      const double square = std::pow(static_cast<double>(z) / static_cast<double>(twice.z), 2) +
                            std::pow(static_cast<double>(y) / static_cast<double>(twice.y), 2) +
                            std::pow(static_cast<double>(x) / static_cast<double>(twice.x), 2);
      spectrum.data()[i] *= static_cast<float>(std::exp(-2 * pi * pi * variance * square));
    });
    out = resize_volume(volume_of(std::move(spectrum)), shape);
  }
  const auto per_volume = static_cast<float>(1 / (voxel * voxel * voxel));
  for (float& value : out) value *= per_volume;
  return out;
}

}  // namespace tessera
