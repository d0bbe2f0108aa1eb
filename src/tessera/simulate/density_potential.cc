// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <cmath>

#include "tessera/base/units.h"
#include "tessera/simulate/density_kernels.h"
#include "tessera/simulate/electron_scattering.h"

namespace tessera {
namespace {

constexpr double ice_potential_V = 4.53;  // mean inner potential of vitreous ice
constexpr double largest_b_A2 = 200;
constexpr double reach = 4.0;  // standard deviations a Gaussian is followed to; beyond lies 6e-5 of it per axis

// A Gaussian of this integral (V·Å³, or any) and standard deviation per axis.
struct Gaussian {
  double integral, sigma_A;
};

// What each kind of atom adds: its own five Gaussians, its implied hydrogens' and the water it displaces. B-factors and
// the resolution widen them all.
std::vector<Gaussian> gaussians_of(int atomic_number, double implied_hydrogens) {
  std::vector<Gaussian> out;
  const auto add = [&](int number, double count) {
    if (count <= 0) return;
    const ScatteringFactor& factor = scattering_factor(number);
    // exp(−b s²) = exp(−b k²/4) is the transform of a Gaussian of variance b/8π².
    for (size_t i = 0; i < factor.a.size(); ++i)
      out.push_back({count * potential_scale * factor.a[i], std::sqrt(factor.b_A2[i] / (8 * pi * pi))});
    // The solvent's dummy atom exp(−π r²/v^⅔), Fraser et al. 1978: integral v, variance v^⅔/2π.
    const double volume = displaced_volume_A3(number);
    out.push_back({-count * ice_potential_V * volume, std::sqrt(std::pow(volume, 2.0 / 3) / (2 * pi))});
  };
  add(atomic_number, 1);
  add(1, implied_hydrogens);
  return out;
}

double implied_hydrogens_of(int atomic_number) {
  return atomic_number == 6 ? 1.24 : atomic_number == 7 ? 1.1 : atomic_number == 8 ? 0.1 : 0.0;
}

// Integrals of a unit Gaussian over the voxels first, first + 1, … of one axis.
struct AxisIntegrals {
  int64_t first = 0;
  std::vector<double> value;

  void set(double centre, double sigma, int64_t size) {
    const double half = reach * sigma + 0.5;
    first = std::max<int64_t>(0, std::lround(centre - half));
    const int64_t last = std::min<int64_t>(size - 1, std::lround(centre + half));
    value.clear();
    const double scale = 1 / (sigma * std::sqrt(2.0));
    double low = std::erf((static_cast<double>(first) - 0.5 - centre) * scale);
    for (int64_t i = first; i <= last; ++i) {
      const double high = std::erf((static_cast<double>(i) + 0.5 - centre) * scale);
      value.push_back(0.5 * (high - low));
      low = high;
    }
  }
};

void add_gaussian(Volume<float>& out, const std::array<AxisIntegrals, 3>& axes, double weight) {
  const auto& [x, y, z] = axes;
  for (size_t k = 0; k < z.value.size(); ++k)
    for (size_t j = 0; j < y.value.size(); ++j) {
      const double zy = weight * z.value[k] * y.value[j];
      float* row = &out(z.first + static_cast<int64_t>(k), y.first + static_cast<int64_t>(j), 0) + x.first;
      for (size_t i = 0; i < x.value.size(); ++i) row[i] += static_cast<float>(zy * x.value[i]);
    }
}

}  // namespace

Volume<float> potential_density(const std::vector<PlacedAtom>& atoms, const Grid& grid, double resolution_A,
                                bool implied_hydrogens) {
  std::array<std::vector<Gaussian>, 128> kinds;
  const double voxel = grid.voxel_size_A, resolution_variance = resolution_A * resolution_A / 12;
  Volume<float> out(grid.shape);
  std::array<AxisIntegrals, 3> axes;
  for (const PlacedAtom& placed : atoms) {
    const Atom& atom = *placed.atom;
    const int number = std::clamp(atom.atomic_number, 1, 127);
    std::vector<Gaussian>& kind = kinds[number];
    if (kind.empty()) kind = gaussians_of(number, implied_hydrogens ? implied_hydrogens_of(number) : 0);
    const double spread = resolution_variance + std::clamp<double>(atom.b_factor_A2, 0, largest_b_A2) / (8 * pi * pi);
    for (const Gaussian& gaussian : kind) {
      const double sigma = std::sqrt(gaussian.sigma_A * gaussian.sigma_A + spread) / voxel;
      axes[0].set(placed.voxel.x, sigma, grid.shape.x);
      axes[1].set(placed.voxel.y, sigma, grid.shape.y);
      axes[2].set(placed.voxel.z, sigma, grid.shape.z);
      add_gaussian(out, axes, atom.occupancy * gaussian.integral / (voxel * voxel * voxel));
    }
  }
  return out;
}

}  // namespace tessera
