// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/rotation.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"

namespace tessera {
namespace {

// An angle in (−180, 180].
double wrapped_degrees(double angle) {
  angle = std::fmod(angle, 360.0);
  if (angle > 180) angle -= 360;
  if (angle <= -180) angle += 360;
  return angle;
}

}  // namespace

Rotation Rotation::from_quaternion(double w, double x, double y, double z) {
  const double norm = std::sqrt(w * w + x * x + y * y + z * z);
  if (std::abs(norm - 1) < 1e-14) return {w, x, y, z};  // a stored rotation comes back with the same bits
  return {w / norm, x / norm, y / norm, z / norm};
}

Rotation Rotation::from_matrix(const Mat3& r) {
  const auto& m = r.m;
  const double trace = m[0][0] + m[1][1] + m[2][2];
  if (trace > 0) return from_quaternion(1 + trace, m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]);
  if (m[0][0] >= m[1][1] && m[0][0] >= m[2][2])
    return from_quaternion(m[2][1] - m[1][2], 1 + m[0][0] - m[1][1] - m[2][2], m[0][1] + m[1][0], m[0][2] + m[2][0]);
  if (m[1][1] >= m[2][2])
    return from_quaternion(m[0][2] - m[2][0], m[0][1] + m[1][0], 1 - m[0][0] + m[1][1] - m[2][2], m[1][2] + m[2][1]);
  return from_quaternion(m[1][0] - m[0][1], m[0][2] + m[2][0], m[1][2] + m[2][1], 1 - m[0][0] - m[1][1] + m[2][2]);
}

Rotation Rotation::from_euler(EulerZyz a) {
  const double c = std::cos(a.beta / 2), s = std::sin(a.beta / 2);
  const double sum = (a.alpha + a.gamma) / 2, difference = (a.alpha - a.gamma) / 2;
  return from_quaternion(c * std::cos(sum), -s * std::sin(difference), s * std::cos(difference), c * std::sin(sum));
}

Rotation Rotation::from_relion(RelionAngles a) {
  return from_euler({a.rot_deg * degree, a.tilt_deg * degree, a.psi_deg * degree}).inverse();
}

Rotation Rotation::from_vector(Vec3 v) {
  const double angle = v.norm();
  const double s = angle > 1e-12 ? std::sin(angle / 2) / angle : 0.5;
  return from_quaternion(std::cos(angle / 2), s * v.x, s * v.y, s * v.z);
}

Rotation Rotation::random(Random& random) {
  double q[4], norm = 0;
  do {
    norm = 0;
    for (double& c : q) {
      c = random.normal();
      norm += c * c;
    }
  } while (norm < 1e-12);
  return from_quaternion(q[0], q[1], q[2], q[3]);
}

Rotation Rotation::operator*(const Rotation& b) const {
  return from_quaternion(w_ * b.w_ - x_ * b.x_ - y_ * b.y_ - z_ * b.z_, w_ * b.x_ + x_ * b.w_ + y_ * b.z_ - z_ * b.y_,
                         w_ * b.y_ - x_ * b.z_ + y_ * b.w_ + z_ * b.x_, w_ * b.z_ + x_ * b.y_ - y_ * b.x_ + z_ * b.w_);
}

Mat3 Rotation::matrix() const {
  const double w = w_, x = x_, y = y_, z = z_;
  return {{{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
           {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
           {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}}};
}

EulerZyz Rotation::euler() const {
  // q = (c cos Σ, −s sin Δ, s cos Δ, c sin Σ) with c, s of beta/2, Σ = (α+γ)/2, Δ = (α−γ)/2.
  const double c = std::hypot(w_, z_), s = std::hypot(x_, y_);
  const double beta = 2 * std::atan2(s, c);
  if (s < 1e-12) return {2 * std::atan2(z_, w_), beta, 0};
  if (c < 1e-12) return {2 * std::atan2(-x_, y_), beta, 0};
  const double sum = std::atan2(z_, w_), difference = std::atan2(-x_, y_);
  return {sum + difference, beta, sum - difference};
}

RelionAngles Rotation::relion() const {
  const EulerZyz e = inverse().euler();
  return {wrapped_degrees(e.alpha / degree), e.beta / degree, wrapped_degrees(e.gamma / degree)};
}

Vec3 Rotation::vector() const {
  const double sign = w_ < 0 ? -1 : 1;
  const double s = std::sqrt(x_ * x_ + y_ * y_ + z_ * z_);
  const double scale = s > 1e-12 ? sign * 2 * std::atan2(s, sign * w_) / s : 2 * sign;
  return {x_ * scale, y_ * scale, z_ * scale};
}

double angle_between(const Rotation& a, const Rotation& b) {
  const Rotation d = a.inverse() * b;
  return 2 * std::atan2(std::sqrt(d.x() * d.x() + d.y() * d.y() + d.z() * d.z()), std::abs(d.w()));
}

}  // namespace tessera
