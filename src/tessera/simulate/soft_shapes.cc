// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/soft_shapes.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"

namespace tessera {

MaterialDensities material_densities(const std::string& kernel) {
  if (kernel == "potential") return {3.37, 2.31, 1.80, -0.90, 24.9};
  if (kernel == "situs") return {0.81, 0.54, 0.52, 0.28, 11.6};
  throw UserError(fmt::format("there is no density kernel '{}'; take potential or situs", kernel));
}

double blurred_stretch(double place, double low, double high, double sigma) {
  const double scale = 1 / (std::sqrt(2.0) * std::max(sigma, 1e-9));
  return 0.5 * (std::erf((place - low) * scale) - std::erf((place - high) * scale));
}

double bilayer_density(double distance_A, double thickness_A, double sigma_A, const MaterialDensities& materials) {
  const double outer = 0.5 * thickness_A, inner = outer - std::min(9.0, thickness_A / 3);
  const double middle = std::min(2.5, inner);
  const double whole = blurred_stretch(distance_A, -outer, outer, sigma_A),
               core = blurred_stretch(distance_A, -inner, inner, sigma_A),
               trough = blurred_stretch(distance_A, -middle, middle, sigma_A);
  return materials.heads * (whole - core) + materials.chains * (core - trough) + materials.methyl * trough;
}

double distance_to_segment(Vec3 point, Vec3 a, Vec3 b) {
  const Vec3 along = b - a;
  const double square = along.dot(along);
  const double part = square > 0 ? std::clamp((point - a).dot(along) / square, 0.0, 1.0) : 0.0;
  return (point - a - along * part).norm();
}

double distance_to_triangle(Vec3 point, Vec3 a, Vec3 b, Vec3 c) {
  const Vec3 normal = (b - a).cross(c - a);
  const double square = normal.dot(normal);
  // Above the inside of the triangle, that is on the inner side of all three edges: the distance to its plane.
  if (square > 0 && (b - a).cross(point - a).dot(normal) >= 0 && (c - b).cross(point - b).dot(normal) >= 0 &&
      (a - c).cross(point - c).dot(normal) >= 0)
    return std::abs((point - a).dot(normal)) / std::sqrt(square);
  return std::min(
      {distance_to_segment(point, a, b), distance_to_segment(point, b, c), distance_to_segment(point, c, a)});
}

}  // namespace tessera
