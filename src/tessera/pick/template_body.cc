// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/template_body.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/point_cells.h"

namespace tessera {
namespace {

constexpr double mass = 0.9;

}  // namespace

TemplateBody::TemplateBody(const Volume<float>& map, double radius_voxels) : edge_(map.shape().x) {
  const int64_t n = edge_, centre = n / 2;
  struct Dense {
    float value;
    int64_t index;
    Vec3 point;
  };
  std::vector<Dense> dense;
  double all = 0;
  for (int64_t z = 0, i = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x, ++i) {
        const Vec3 point{static_cast<double>(x - centre), static_cast<double>(y - centre),
                         static_cast<double>(z - centre)};
        if (!(map[i] > 0) || point.norm() > radius_voxels) continue;
        dense.push_back({map[i], i, point});
        all += map[i];
      }
  if (dense.empty()) throw UserError("nothing of the template is above 0 within its radius; show protein bright");
  std::sort(dense.begin(), dense.end(),
            [](const Dense& a, const Dense& b) { return a.value != b.value ? a.value > b.value : a.index < b.index; });
  inside_.assign(map.size(), 0);
  double held = 0;
  for (const Dense& voxel : dense) {
    if (held >= mass * all) break;
    held += voxel.value;
    inside_[voxel.index] = 1;
    points_.push_back(voxel.point);
    radius_ = std::max(radius_, voxel.point.norm() + 0.5);
  }
}

bool TemplateBody::holds(Vec3 point) const {
  const auto at = [this](double v) { return static_cast<int64_t>(std::lround(v)) + edge_ / 2; };
  const int64_t x = at(point.x), y = at(point.y), z = at(point.z);
  if (x < 0 || y < 0 || z < 0 || x >= edge_ || y >= edge_ || z >= edge_) return false;
  return inside_[(z * edge_ + y) * edge_ + x] != 0;
}

int64_t TemplateBody::shared(Vec3 centre, const Rotation& turned, const TemplateBody& other, Vec3 other_centre,
                             const Rotation& other_turned) const {
  const Rotation back = other_turned.inverse();
  const Mat3 turn = (back * turned).matrix();
  const Vec3 shift = back * (centre - other_centre);
  int64_t count = 0;
  for (const Vec3& point : points_) count += other.holds(turn * point + shift);
  return count;
}

std::vector<int64_t> take_apart(const std::vector<PlacedBody>& placed, const std::vector<TemplateBody>& bodies,
                                double share) {
  double widest = 0;
  for (const TemplateBody& body : bodies) widest = std::max(widest, body.radius_voxels());
  PointCells cells(std::max(1.0, widest));
  std::vector<int64_t> taken;
  for (int64_t i = 0; i < std::ssize(placed); ++i) {
    const PlacedBody& one = placed[i];
    const TemplateBody& body = bodies.at(one.body);
    double left = share * static_cast<double>(body.voxels());
    const bool free = cells.all_near(one.centre_voxels, body.radius_voxels() + widest, [&](int32_t j) {
      const PlacedBody& other = placed[j];
      const TemplateBody& its = bodies[other.body];
      if ((other.centre_voxels - one.centre_voxels).norm() >= body.radius_voxels() + its.radius_voxels()) return true;
      const auto common =
          static_cast<double>(body.shared(one.centre_voxels, one.turned, its, other.centre_voxels, other.turned));
      left -= common;
      return left >= 0 && common <= share * static_cast<double>(std::min(body.voxels(), its.voxels()));
    });
    if (!free) continue;
    cells.add(static_cast<int32_t>(i), one.centre_voxels);
    taken.push_back(i);
  }
  return taken;
}

}  // namespace tessera
