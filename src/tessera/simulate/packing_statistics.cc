// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/packing_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tessera/base/point_cells.h"

namespace tessera {
namespace {

struct Region {
  Vec3 low;
  int64_t nx = 0, ny = 0, nz = 0;
  double voxel_A = 0;
  Vec3 at(int64_t x, int64_t y, int64_t z) const {
    return low + Vec3{(static_cast<double>(x) + 0.5), (static_cast<double>(y) + 0.5), (static_cast<double>(z) + 0.5)} *
                     voxel_A;
  }
};

Region region_of(const PackedBalls& packed, double voxel_A) {
  Vec3 low{1e300, 1e300, 1e300}, high = low * -1;
  for (const Ball& b : packed.balls) {
    const Vec3 p = b.centre_A;
    low = {std::min(low.x, p.x - b.radius_A), std::min(low.y, p.y - b.radius_A), std::min(low.z, p.z - b.radius_A)};
    high = {std::max(high.x, p.x + b.radius_A), std::max(high.y, p.y + b.radius_A), std::max(high.z, p.z + b.radius_A)};
  }
  const Vec3 size = high - low;
  const double coarsest = std::cbrt(size.x * size.y * size.z / 4e7);
  Region out{low, 0, 0, 0, std::max(voxel_A, coarsest)};
  const auto count = [&](double length) { return static_cast<int64_t>(std::ceil(length / out.voxel_A)) + 1; };
  out.nx = count(size.x);
  out.ny = count(size.y);
  out.nz = count(size.z);
  return out;
}

// Calls mark(index of voxel) for every voxel whose centre lies in the ball.
template <typename Mark>
void for_each_inside(const Region& region, const Ball& ball, Mark&& mark) {
  const auto first = [&](double at, double low) {
    return std::max<int64_t>(0, static_cast<int64_t>(std::ceil((at - ball.radius_A - low) / region.voxel_A - 0.5)));
  };
  const Vec3 c = ball.centre_A;
  for (int64_t z = first(c.z, region.low.z); z < region.nz; ++z) {
    const double dz = region.at(0, 0, z).z - c.z, left = ball.radius_A * ball.radius_A - dz * dz;
    if (dz > ball.radius_A) break;
    if (left < 0) continue;
    for (int64_t y = first(c.y, region.low.y); y < region.ny; ++y) {
      const double dy = region.at(0, y, z).y - c.y, square = left - dy * dy;
      if (dy > ball.radius_A) break;
      if (square < 0) continue;
      const double half = std::sqrt(square);
      const auto x0 = static_cast<int64_t>(std::ceil((c.x - half - region.low.x) / region.voxel_A - 0.5));
      const auto x1 = static_cast<int64_t>(std::floor((c.x + half - region.low.x) / region.voxel_A - 0.5));
      for (int64_t x = std::max<int64_t>(0, x0); x <= std::min(x1, region.nx - 1); ++x)
        mark((z * region.ny + y) * region.nx + x);
    }
  }
}

// The sphere as wide as the cluster: balls weigh by their volume, each with 3/5 r² of its own.
Ball cluster_of(const std::vector<Ball>& balls) {
  Vec3 centre;
  double volume = 0, square = 0;
  for (const Ball& ball : balls) {
    centre += ball.centre_A * volume_A3(ball);
    volume += volume_A3(ball);
  }
  centre = centre * (1 / volume);
  for (const Ball& ball : balls) {
    const Vec3 d = ball.centre_A - centre;
    square += volume_A3(ball) * (d.dot(d) + 0.6 * ball.radius_A * ball.radius_A);
  }
  return {centre, std::sqrt(5.0 / 3 * square / volume)};
}

}  // namespace

OccupancyStatistics occupancy_of(const PackedBalls& packed, std::array<double, 3> box_A, double voxel_A) {
  OccupancyStatistics out;
  if (packed.balls.empty()) return out;
  const Region region = region_of(packed, voxel_A);
  out.voxel_A = region.voxel_A;
  std::vector<int32_t> last(region.nx * region.ny * region.nz, -1);  // the last body that covered the voxel
  int64_t sum = 0, covered = 0, in_box = 0, in_cluster = 0;
  const Ball cluster = cluster_of(packed.balls);
  std::vector<size_t> order(packed.balls.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return packed.body_of_ball[a] < packed.body_of_ball[b]; });
  for (const size_t i : order)
    for_each_inside(region, packed.balls[i], [&](int64_t voxel) {
      covered += last[voxel] < 0;
      sum += last[voxel] != packed.body_of_ball[i];
      last[voxel] = packed.body_of_ball[i];
    });
  for (int64_t z = 0, i = 0; z < region.nz; ++z)
    for (int64_t y = 0; y < region.ny; ++y)
      for (int64_t x = 0; x < region.nx; ++x, ++i) {
        if (last[i] < 0) continue;
        const Vec3 p = region.at(x, y, z);
        in_box += std::abs(p.x) < box_A[0] / 2 && std::abs(p.y) < box_A[1] / 2 && std::abs(p.z) < box_A[2] / 2;
        in_cluster += (p - cluster.centre_A).norm() < cluster.radius_A;
      }
  const double voxel = std::pow(region.voxel_A, 3), sphere = volume_A3(cluster);
  out.ball_volume_A3 = static_cast<double>(sum) * voxel;
  out.overlap = sum > 0 ? 1 - static_cast<double>(covered) / static_cast<double>(sum) : 0;
  out.box_occupancy = static_cast<double>(in_box) * voxel / (box_A[0] * box_A[1] * box_A[2]);
  out.cluster_radius_A = cluster.radius_A;
  out.cluster_occupancy = std::accumulate(packed.volume_A3.begin(), packed.volume_A3.end(), 0.0) / sphere;
  out.cluster_ball_occupancy = static_cast<double>(in_cluster) * voxel / sphere;
  return out;
}

GapStatistics gaps_of(const PackedBalls& packed) {
  GapStatistics out;
  if (packed.volume_A3.size() < 2) {
    out.least_A = out.tenth_A = out.median_A = out.ninetieth_A = std::numeric_limits<double>::infinity();
    return out;
  }
  double largest = 0;
  for (const Ball& ball : packed.balls) largest = std::max(largest, ball.radius_A);
  const double reach = 4 * largest;
  PointCells cells(2 * largest);
  for (size_t i = 0; i < packed.balls.size(); ++i) cells.add(static_cast<int32_t>(i), packed.balls[i].centre_A);
  std::vector<double> gaps(packed.volume_A3.size(), reach);
  out.deepest_ratio = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < packed.balls.size(); ++i) {
    const Ball& ball = packed.balls[i];
    double& gap = gaps[packed.body_of_ball[i]];
    // Beyond the gap found so far nothing matters.
    cells.all_near(ball.centre_A, ball.radius_A + largest + std::max(gap, 0.0), [&](int32_t j) {
      if (packed.body_of_ball[j] == packed.body_of_ball[i]) return true;
      const double distance = (packed.balls[j].centre_A - ball.centre_A).norm();
      const double radii = packed.balls[j].radius_A + ball.radius_A;
      gap = std::min(gap, distance - radii);
      out.deepest_ratio = std::min(out.deepest_ratio, distance / radii);
      return true;
    });
  }
  std::sort(gaps.begin(), gaps.end());
  const auto quantile = [&](double q) {
    return gaps[static_cast<size_t>(std::lround(q * static_cast<double>(gaps.size() - 1)))];
  };
  out.least_A = gaps.front();
  out.tenth_A = quantile(0.1);
  out.median_A = quantile(0.5);
  out.ninetieth_A = quantile(0.9);
  out.overlapping = static_cast<double>(std::lower_bound(gaps.begin(), gaps.end(), 0.0) - gaps.begin()) /
                    static_cast<double>(gaps.size());
  return out;
}

}  // namespace tessera
