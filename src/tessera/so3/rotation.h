// SPDX-License-Identifier: GPL-3.0-or-later
// Rotations of space, active: `particle_from_ref * v` carries a vector of the reference to the particle.
#pragma once

#include "tessera/base/random.h"
#include "tessera/base/vec3.h"

namespace tessera {

// Angles in radians, R = Rz(alpha) Ry(beta) Rz(gamma), right-handed, active ([F] 2.1; Kovacs & Wriggers 2002).
struct EulerZyz {
  double alpha = 0, beta = 0, gamma = 0;
};

// RELION's angles in degrees. The reference→particle rotation is [Rz(rot) Ry(tilt) Rz(psi)]⁻¹.
struct RelionAngles {
  double rot_deg = 0, tilt_deg = 0, psi_deg = 0;
};

// A unit quaternion w + xi + yj + zk. Names say the frames: `b_from_a`, so that c_from_b * b_from_a = c_from_a.
class Rotation {
 public:
  Rotation() = default;                                                     // identity
  static Rotation from_quaternion(double w, double x, double y, double z);  // normalised here
  static Rotation from_matrix(const Mat3& matrix);                          // nearest rotation to a near-orthogonal one
  static Rotation from_euler(EulerZyz angles);
  static Rotation from_relion(RelionAngles angles);
  // Rotation vector: direction is the axis, length the angle in radians.
  static Rotation from_vector(Vec3 rotation_vector);
  static Rotation about_axis(Vec3 axis, double angle) { return from_vector(axis * (angle / axis.norm())); }
  // Uniform on SO(3) (Haar): a normal 4-vector, normalised.
  static Rotation random(Random& random);

  Rotation inverse() const { return {w_, -x_, -y_, -z_}; }
  Rotation operator*(const Rotation& b) const;
  Vec3 operator*(Vec3 v) const { return matrix() * v; }
  Mat3 matrix() const;
  EulerZyz euler() const;       // beta in [0, π]; gamma = 0 where beta is 0 or π
  RelionAngles relion() const;  // rot, psi in (−180, 180], tilt in [0, 180]
  Vec3 vector() const;          // rotation vector, length ≤ π
  double w() const { return w_; }
  double x() const { return x_; }
  double y() const { return y_; }
  double z() const { return z_; }

 private:
  Rotation(double w, double x, double y, double z) : w_(w), x_(x), y_(y), z_(z) {}
  double w_ = 1, x_ = 0, y_ = 0, z_ = 0;
};

// The angle in radians, 0 … π, of the rotation that carries a to b.
double angle_between(const Rotation& a, const Rotation& b);

}  // namespace tessera
