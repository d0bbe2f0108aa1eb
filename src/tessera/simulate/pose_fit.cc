// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/pose_fit.h"

#include <Eigen/Dense>
#include <cmath>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

Vec3 mean(std::span<const Vec3> points) {
  Vec3 sum;
  for (const Vec3& p : points) sum += p;
  return sum * (1.0 / static_cast<double>(points.size()));
}

Eigen::Vector3d eigen(Vec3 v) {
  return {v.x, v.y, v.z};
}

// The smallest rotation that turns direction a to direction b.
Rotation turning(Vec3 a, Vec3 b) {
  a = a * (1 / a.norm());
  b = b * (1 / b.norm());
  const Vec3 axis = a.cross(b);
  if (axis.norm() > 1e-12) return Rotation::about_axis(axis, std::atan2(axis.norm(), a.dot(b)));
  if (a.dot(b) > 0) return {};
  // Half a turn about any axis across.
  const Vec3 across = std::abs(a.x) < 0.7 ? Vec3{1, 0, 0} : Vec3{0, 1, 0};
  return Rotation::about_axis(a.cross(across), std::numbers::pi);
}

}  // namespace

BodyPose fit_pose(std::span<const Vec3> reference, std::span<const Vec3> scene) {
  if (reference.empty() || reference.size() != scene.size()) throw InternalError("a pose needs pairs of points");
  const Vec3 from = mean(reference), to = mean(scene);
  Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();
  double spread = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    covariance += eigen(scene[i] - to) * eigen(reference[i] - from).transpose();
    spread += (reference[i] - from).dot(reference[i] - from);
  }
  const Eigen::JacobiSVD<Eigen::Matrix3d> svd(covariance, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const Eigen::Vector3d& strength = svd.singularValues();
  BodyPose out;
  if (strength[1] > 1e-9 * spread) {
    const double sign = (svd.matrixU() * svd.matrixV().transpose()).determinant() < 0 ? -1 : 1;
    const Eigen::Matrix3d r = svd.matrixU() * Eigen::Vector3d(1, 1, sign).asDiagonal() * svd.matrixV().transpose();
    Mat3 matrix;
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) matrix.m[i][j] = r(i, j);
    out.scene_from_ref = Rotation::from_matrix(matrix);
  } else if (strength[0] > 1e-9 * spread && spread > 0) {
    const Eigen::Vector3d u = svd.matrixU().col(0), v = svd.matrixV().col(0);
    out.scene_from_ref = turning({v.x(), v.y(), v.z()}, {u.x(), u.y(), u.z()});
  }
  out.position_A = to - out.scene_from_ref * from;
  double square = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    const Vec3 d = out.scene_from_ref * reference[i] + out.position_A - scene[i];
    square += d.dot(d);
  }
  out.rms_A = std::sqrt(square / static_cast<double>(reference.size()));
  return out;
}

BodyPose three_point_pose(const std::array<Vec3, 3>& reference, const std::array<Vec3, 3>& scene) {
  const Vec3 ab0 = reference[1] - reference[0], ab1 = scene[1] - scene[0];
  const Rotation first = turning(ab0, ab1);
  // What of A₁C′₀ and A₁C₁ lies across A₁B₁.
  const Vec3 axis = ab1 * (1 / ab1.norm());
  const auto across = [&](Vec3 v) { return v - axis * axis.dot(v); };
  const Vec3 c0 = across(first * (reference[2] - reference[0])), c1 = across(scene[2] - scene[0]);
  if (c0.norm() < 1e-9 * ab0.norm() || c1.norm() < 1e-9 * ab1.norm())
    throw UserError("three balls on a line do not fix an orientation");
  const double angle = std::atan2(axis.dot(c0.cross(c1)), c0.dot(c1));
  BodyPose out;
  out.scene_from_ref = Rotation::about_axis(axis, angle) * first;
  out.position_A = scene[0] - out.scene_from_ref * reference[0];
  double square = 0;
  for (int i = 0; i < 3; ++i) {
    const Vec3 d = out.scene_from_ref * reference[i] + out.position_A - scene[i];
    square += d.dot(d);
  }
  out.rms_A = std::sqrt(square / 3);
  return out;
}

std::array<int32_t, 3> widest_triangle(std::span<const Vec3> points) {
  std::array<int32_t, 3> best{0, 1, 2};
  double widest = -1;
  const auto count = static_cast<int32_t>(points.size());
  for (int32_t a = 0; a < count; ++a)
    for (int32_t b = a + 1; b < count; ++b)
      for (int32_t c = b + 1; c < count; ++c) {
        const double area = (points[b] - points[a]).cross(points[c] - points[a]).norm();
        if (area <= widest) continue;
        widest = area;
        best = {a, b, c};
      }
  return best;
}

}  // namespace tessera
