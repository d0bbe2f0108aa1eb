// SPDX-License-Identifier: GPL-3.0-or-later
#include <Eigen/Dense>
#include <cmath>

#include "tessera/base/units.h"
#include "tessera/simulate/particles.h"

namespace tessera {
namespace {

Vec3 axis_named(const std::string& name) {
  if (name == "x") return {1, 0, 0};
  if (name == "y") return {0, 1, 0};
  return {0, 0, 1};
}

// The shortest rotation that carries unit vector a to unit vector b.
Rotation carrying(Vec3 a, Vec3 b) {
  const Vec3 normal = a.cross(b);
  const double sine = normal.norm(), cosine = a.dot(b);
  if (sine > 1e-9) return Rotation::about_axis(normal, std::atan2(sine, cosine));
  if (cosine > 0) return Rotation();
  return Rotation::about_axis(std::abs(a.x) < 0.9 ? a.cross({1, 0, 0}) : a.cross({0, 1, 0}), pi);
}

struct Moments {
  Vec3 centre;
  Eigen::Matrix3d second = Eigen::Matrix3d::Zero();
};

template <typename Visit>
void for_each_positive(const Volume<float>& voxels, Visit&& visit) {
  const Shape3 n = voxels.shape();
  for (int64_t z = 0, i = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x, ++i)
        if (voxels[i] > 0)
          visit(Vec3{static_cast<double>(x - n.x / 2), static_cast<double>(y - n.y / 2),
                     static_cast<double>(z - n.z / 2)},
                static_cast<double>(voxels[i]));
}

Moments moments(const Volume<float>& voxels) {
  Moments out;
  double mass = 0;
  for_each_positive(voxels, [&](Vec3 p, double value) {
    mass += value;
    out.centre += p * value;
  });
  if (mass <= 0) throw UserError("the density map has no positive voxel, so it has no principal axis");
  out.centre = out.centre * (1 / mass);
  for_each_positive(voxels, [&](Vec3 p, double value) {
    const Vec3 d = p - out.centre;
    const Eigen::Vector3d v(d.x, d.y, d.z);
    out.second += value / mass * v * v.transpose();
  });
  return out;
}

}  // namespace

Vec3 principal_axis(const Map& density) {
  const Moments shape = moments(density.voxels);
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(shape.second);
  const Eigen::Vector3d& values = solver.eigenvalues();  // ascending
  const int apart = values[1] - values[0] > values[2] - values[1] ? 0 : 2;
  const Eigen::Vector3d e = solver.eigenvectors().col(apart);
  Vec3 axis{e[0], e[1], e[2]};
  double third = 0, size = 0;
  for_each_positive(density.voxels, [&](Vec3 p, double value) {
    const double along = (p - shape.centre).dot(axis);
    third += value * along * along * along;
    size += value * std::abs(along * along * along);
  });
  // Equal ends (as in a barrel): take the end towards +z, then +y, then +x.
  if (std::abs(third) < 1e-3 * size) {
    third = axis.x;
    if (std::abs(axis.y) > 1e-6) third = axis.y;
    if (std::abs(axis.z) > 1e-6) third = axis.z;
  }
  return third < 0 ? -axis : axis;
}

ParticlePose draw_pose(const ImagingOptions& options, Vec3 principal, uint64_t seed, int64_t index) {
  Random random(seed, "particle pose", static_cast<uint64_t>(index));
  ParticlePose pose;
  if (options.rotation_axis == "none") {
    pose.particle_from_ref = Rotation::random(random);
  } else {
    const Vec3 axis = axis_named(options.rotation_axis);
    pose.particle_from_ref = Rotation::about_axis(axis, random.uniform(0, 2 * pi)) * carrying(principal, axis);
  }
  const double radius = options.max_shift_voxels * std::cbrt(random.uniform());
  const double z = random.uniform(-1, 1), angle = random.uniform(0, 2 * pi), r = std::sqrt(1 - z * z);
  pose.shift_voxels = Vec3{r * std::cos(angle), r * std::sin(angle), z} * radius;
  return pose;
}

}  // namespace tessera
