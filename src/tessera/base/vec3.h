// SPDX-License-Identifier: GPL-3.0-or-later
// Three-component vectors in (x, y, z) order. Array indices are (z, y, x) and never use this type.
#pragma once

#include <cmath>

namespace tessera {

struct Vec3 {
  double x = 0, y = 0, z = 0;

  Vec3 operator+(Vec3 b) const { return {x + b.x, y + b.y, z + b.z}; }
  Vec3 operator-(Vec3 b) const { return {x - b.x, y - b.y, z - b.z}; }
  Vec3 operator-() const { return {-x, -y, -z}; }
  Vec3 operator*(double s) const { return {x * s, y * s, z * s}; }
  Vec3& operator+=(Vec3 b) { return *this = *this + b; }
  bool operator==(const Vec3&) const = default;
  double dot(Vec3 b) const { return x * b.x + y * b.y + z * b.z; }
  Vec3 cross(Vec3 b) const { return {y * b.z - z * b.y, z * b.x - x * b.z, x * b.y - y * b.x}; }
  double norm() const { return std::sqrt(dot(*this)); }
};

}  // namespace tessera
