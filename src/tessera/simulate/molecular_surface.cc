// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/molecular_surface.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tessera/simulate/density.h"

namespace tessera {
namespace {

constexpr double hydrogen_Da = 1.008;
constexpr int most_samples = 192;  // along an edge

double heavy_radius_A(const AtomicModel& model) {
  Vec3 centre;
  double mass = 0, farthest = 0;
  for (const Atom& atom : model.atoms)
    if (atom.atomic_number != 1) {
      centre += atom.position_A * atom.mass;
      mass += atom.mass;
    }
  if (mass > 0) centre = centre * (1 / mass);
  for (const Atom& atom : model.atoms)
    if (atom.atomic_number != 1) farthest = std::max(farthest, (atom.position_A - centre).norm());
  return farthest;
}

// The level that `count` of the values reach.
float level_of_count(const Volume<float>& density, int64_t count) {
  std::vector<float> values(density.begin(), density.end());
  const auto at = values.begin() + std::clamp<int64_t>(count, 1, density.size()) - 1;
  std::nth_element(values.begin(), at, values.end(), std::greater<>());
  return *at;
}

}  // namespace

void SurfaceOptions::add_faults(Faults& faults) const {
  if (!(resolution_A >= 2 && resolution_A <= 200))
    faults.add(fmt::format("the resolution of the molecular surface must be 2 to 200 Å, {} was given", resolution_A));
  if (!(volume_per_dalton_A3 > 0.1 && volume_per_dalton_A3 < 20))
    faults.add(
        fmt::format("the volume of a dalton must be 0.1 to 20 Å³ (protein: 1.21), {} was given", volume_per_dalton_A3));
}

double molecular_mass_Da(const AtomicModel& model) {
  double heavy = 0, own = 0, implied = 0;
  int64_t atoms = 0, hydrogens = 0;
  for (const Atom& atom : model.atoms) {
    if (atom.atomic_number == 1) {
      own += atom.mass;
      ++hydrogens;
      continue;
    }
    heavy += atom.mass;
    ++atoms;
    implied += atom.atomic_number == 6 ? 1.24 : atom.atomic_number == 7 ? 1.1 : atom.atomic_number == 8 ? 0.1 : 0;
  }
  return heavy + (hydrogens > atoms / 2 ? own : implied * hydrogen_Da);
}

MolecularSurface::MolecularSurface(const AtomicModel& model, const SurfaceOptions& options) {
  Faults faults;
  options.add_faults(faults);
  faults.raise<UserError>("the molecular surface cannot be computed");
  const double span_A = 2 * (heavy_radius_A(model) + 1.5 * options.resolution_A);
  DensityOptions density;
  density.resolution_A = options.resolution_A;
  density.kernel = "situs";
  density.voxel_size_A = std::max(options.resolution_A / 8, span_A / (most_samples - 4));
  density.box = std::max(8, 2 * static_cast<int>(std::ceil(span_A / density.voxel_size_A / 2)) + 2);
  density_ = density_of(model, density).map.voxels;
  mass_Da_ = molecular_mass_Da(model);
  const double sample_A3 = std::pow(density.voxel_size_A, 3);
  level_ = level_of_count(density_, std::llround(mass_Da_ * options.volume_per_dalton_A3 / sample_A3));
  if (!(level_ > 0))
    throw UserError(fmt::format("\"{}\" has no surface of {:.0f} Å³ at {} Å resolution; use a larger resolution",
                                model.name, mass_Da_ * options.volume_per_dalton_A3, options.resolution_A));
  per_A_ = 1 / density.voxel_size_A;
  half_ = static_cast<double>(density.box / 2);
  last_ = static_cast<double>(density.box - 1);
  volume_A3_ = sample_A3 * static_cast<double>(std::count_if(density_.begin(), density_.end(),
                                                             [&](float value) { return value >= level_; }));
  classify_cells();
  look_for_cavity();
}

void MolecularSurface::classify_cells() {
  const int64_t n = density_.shape().x;
  cells_ = Volume<uint8_t>(Shape3::cube(n - 1));
  double farthest = 0, square_sum = 0;
  int64_t samples = 0;
  for (int64_t k = 0; k < n - 1; ++k)
    for (int64_t j = 0; j < n - 1; ++j)
      for (int64_t i = 0; i < n - 1; ++i) {
        int inside = 0;
        for (int corner = 0; corner < 8; ++corner)
          inside += density_(k + (corner >> 2), j + (corner >> 1 & 1), i + (corner & 1)) >= level_;
        cells_(k, j, i) = inside == 0 ? all_outside : inside == 8 ? all_inside : crossed;
        if (inside == 0) continue;
        if (density_(k, j, i) >= level_) {
          const Vec3 d{static_cast<double>(i) - half_, static_cast<double>(j) - half_, static_cast<double>(k) - half_};
          square_sum += d.dot(d);
          ++samples;
        }
        for (int corner = 0; corner < 8; ++corner)
          farthest = std::max(farthest, Vec3{static_cast<double>(i + (corner & 1)) - half_,
                                             static_cast<double>(j + (corner >> 1 & 1)) - half_,
                                             static_cast<double>(k + (corner >> 2)) - half_}
                                            .norm());
      }
  radius_A_ = farthest / per_A_;
  gyration_A_ = std::sqrt(square_sum / static_cast<double>(std::max<int64_t>(1, samples))) / per_A_;
}

// Floods the outside from a corner, which the margin keeps empty; what is neither flooded nor inside is a cavity.
void MolecularSurface::look_for_cavity() {
  const int64_t n = density_.shape().x, strides[3] = {1, n, n * n};
  Volume<uint8_t> seen(density_.shape());
  std::vector<int64_t> front = {0};
  seen[0] = 1;
  int64_t reached = 1, empty = 0;
  while (!front.empty()) {
    const int64_t at = front.back();
    front.pop_back();
    const int64_t place[3] = {at % n, at / n % n, at / (n * n)};
    for (int axis = 0; axis < 3; ++axis)
      for (const int step : {-1, 1}) {
        if (place[axis] + step < 0 || place[axis] + step >= n) continue;
        const int64_t next = at + step * strides[axis];
        if (seen[next] || density_[next] >= level_) continue;
        seen[next] = 1;
        ++reached;
        front.push_back(next);
      }
  }
  for (const float value : density_) empty += value < level_;
  has_cavity_ = empty > reached;
}

double MolecularSurface::interpolated(double x, double y, double z) const {
  const auto i = static_cast<int64_t>(x), j = static_cast<int64_t>(y), k = static_cast<int64_t>(z);
  const double fx = x - static_cast<double>(i), fy = y - static_cast<double>(j), fz = z - static_cast<double>(k);
  const auto along_x = [&](int64_t dk, int64_t dj) {
    const double a = density_(k + dk, j + dj, i), b = density_(k + dk, j + dj, i + 1);
    return a + fx * (b - a);
  };
  const double low = along_x(0, 0) + fy * (along_x(0, 1) - along_x(0, 0));
  const double high = along_x(1, 0) + fy * (along_x(1, 1) - along_x(1, 0));
  return low + fz * (high - low);
}

}  // namespace tessera
