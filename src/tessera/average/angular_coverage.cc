// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/angular_coverage.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"

namespace tessera {
namespace {

// exp(entropy) of a histogram, corrected for the sample's size, over the number of bins.
double effective_share(const std::vector<double>& histogram, double total, double samples) {
  double entropy = 0;
  int occupied = 0;
  for (const double weight : histogram)
    if (weight > 0) {
      entropy -= weight / total * std::log(weight / total);
      ++occupied;
    }
  entropy += (occupied - 1) / (2 * samples);
  return std::min(1.0, std::exp(entropy) / static_cast<double>(histogram.size()));
}

// The angle of a rotation about the direction that it carries to z, in [0, 2π): R = Rz(angle) · R₀, R₀ the shortest
// rotation from that direction to z.
double angle_about_direction(const Rotation& rotation) {
  // For unit quaternions q = (w, x, y, z) = Rz(a)·(rotation about an axis in the xy plane): a = 2 atan2(z, w).
  const double angle = 2 * std::atan2(rotation.z(), rotation.w());
  return angle < 0 ? angle + 2 * pi : angle >= 2 * pi ? angle - 2 * pi : angle;
}

}  // namespace

int healpix_cell(Vec3 direction, int side) {
  const double z = std::clamp(direction.z, -1.0, 1.0), height = std::abs(z);
  double longitude = std::atan2(direction.y, direction.x);
  if (longitude < 0) longitude += 2 * pi;
  const double quarter = std::min(longitude / (pi / 2), std::nextafter(4.0, 0.0));  // [0, 4)
  if (height <= 2.0 / 3) {
    const double a = side * (0.5 + quarter), b = side * z * 0.75;
    const int up = static_cast<int>(std::floor(a - b)), down = static_cast<int>(std::floor(a + b));
    const int ring = side + 1 + up - down;  // from 1 at z = 2/3
    const int shift = 1 - (ring & 1);
    int place = (up + down - side + shift + 1) / 2;
    place = ((place % (4 * side)) + 4 * side) % (4 * side);
    return 2 * side * (side - 1) + (ring - 1) * 4 * side + place;
  }
  const double inside = quarter - std::floor(quarter), scale = side * std::sqrt(3 * (1 - height));
  const int up = static_cast<int>(inside * scale), down = static_cast<int>((1 - inside) * scale);
  const int ring = up + down + 1;  // from the nearer pole
  const int place = std::min(static_cast<int>(quarter * ring), 4 * ring - 1);
  return z > 0 ? 2 * ring * (ring - 1) + place : 12 * side * side - 2 * ring * (ring + 1) + place;
}

Vec3 healpix_centre(int cell, int side) {
  const int cells = 12 * side * side, cap = 2 * side * (side - 1);
  double z = 0, longitude = 0;
  if (cell < cap || cell >= cells - cap) {
    const bool north = cell < cap;
    const int from_pole = north ? cell : cells - 1 - cell;
    const int ring = (1 + static_cast<int>(std::sqrt(1.0 + 2.0 * from_pole))) / 2;
    const int place = north ? cell - 2 * ring * (ring - 1) : 4 * ring - 1 - (from_pole - 2 * ring * (ring - 1));
    z = (north ? 1 : -1) * (1 - ring * ring / (3.0 * side * side));
    longitude = (place + 0.5) * pi / (2 * ring);
  } else {
    const int ring = (cell - cap) / (4 * side) + side, place = (cell - cap) % (4 * side);
    z = (2 * side - ring) * 2 / (3.0 * side);
    const double offset = (ring + side) % 2 == 0 ? 0.5 : 0.0;
    longitude = (place + offset) * pi / (2 * side);
  }
  const double sine = std::sqrt(std::max(0.0, 1 - z * z));
  return {sine * std::cos(longitude), sine * std::sin(longitude), z};
}

AngularCoverage angular_coverage(const std::vector<WeightedRotation>& rotations) {
  AngularCoverage out;
  double total = 0, square = 0;
  for (const WeightedRotation& r : rotations) {
    total += r.weight;
    square += r.weight * r.weight;
  }
  if (!(total > 0)) return out;
  out.effective_samples = total * total / square;
  int side = 4;
  while (side > 1 && out.effective_samples < 4.0 * 12 * side * side) side /= 2;
  const int steps = 6 * side;
  out.direction_bins = 12 * side * side;
  out.rotation_bins = out.direction_bins * steps;
  std::vector<double> directions(out.direction_bins), turns(out.rotation_bins);
  for (const WeightedRotation& r : rotations) {
    if (!(r.weight > 0)) continue;
    const int cell = healpix_cell(r.particle_from_ref.inverse() * Vec3{0, 0, 1}, side);
    const double angle = angle_about_direction(r.particle_from_ref);
    const int step = std::min(static_cast<int>(angle / (2 * pi) * steps), steps - 1);
    directions[cell] += r.weight;
    turns[cell * steps + step] += r.weight;
  }
  out.directions = effective_share(directions, total, out.effective_samples);
  out.rotations = effective_share(turns, total, out.effective_samples);
  const auto largest = std::max_element(directions.begin(), directions.end());
  out.largest_share = *largest / total;
  out.largest_excess = out.largest_share * out.direction_bins;
  out.most_common_direction = healpix_centre(static_cast<int>(largest - directions.begin()), side);
  return out;
}

}  // namespace tessera
