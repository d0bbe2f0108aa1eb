// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/peaks.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/point_cells.h"

namespace tessera {
namespace {

// Offset of the vertex of the parabola through three equally spaced values, within ±½.
double vertex(float before, float at, float after) {
  const double bend = double(before) - 2.0 * at + after;
  if (!(bend < 0) || !std::isfinite(bend)) return 0;
  return std::clamp(0.5 * (double(before) - after) / bend, -0.5, 0.5);
}

// True when no neighbour in the row is higher; those `earlier` in the order of voxels must be lower, so that of equal
// neighbours one is taken.
bool lower(float value, float here, bool earlier) {
  return earlier ? !(value >= here) : !(value > here);
}

}  // namespace

bool better_peak(const Peak& a, const Peak& b) {
  if (a.score != b.score) return a.score > b.score;
  if (a.voxel != b.voxel) return a.voxel < b.voxel;
  return a.label < b.label;
}

void BestPeaks::add(const Peak& peak) {
  ++added_;
  peaks_.push_back(peak);
  if (keep_ > 0 && static_cast<int64_t>(peaks_.size()) >= 2 * keep_ + 1024) prune();
}

void BestPeaks::prune() {
  if (keep_ <= 0 || static_cast<int64_t>(peaks_.size()) <= keep_) return;
  std::nth_element(peaks_.begin(), peaks_.begin() + keep_, peaks_.end(), better_peak);
  peaks_.resize(keep_);
}

std::vector<Peak> BestPeaks::take() {
  prune();
  std::sort(peaks_.begin(), peaks_.end(), better_peak);
  return std::move(peaks_);
}

struct PeakScan::PlanePeaks {
  std::vector<Peak> peaks;
  int64_t all = 0;
  float lowest = std::numeric_limits<float>::infinity(), highest = -std::numeric_limits<float>::infinity();
};

PeakScan::PeakScan(Shape3 shape, const PeakOptions& options, std::span<const uint8_t> allowed)
    : shape_(shape), options_(options), allowed_(allowed), best_(options.keep) {
  if (options.neighbours != 6 && options.neighbours != 18 && options.neighbours != 26)
    throw InternalError(fmt::format("peaks over {} neighbours", options.neighbours));
  if (!allowed.empty() && static_cast<int64_t>(allowed.size()) != shape.count())
    throw InternalError(fmt::format("a mask of {} voxels for {}", allowed.size(), shape.count()));
  options_.border = std::max<int64_t>(1, options.border);
}

PeakScan::PlanePeaks PeakScan::search(const float* below, const float* here, const float* above, int64_t z) const {
  PlanePeaks out;
  const int64_t width = shape_.x, b = options_.border;
  const std::array<const float*, 3> planes = {below, here, above};
  for (int64_t y = b; y < shape_.y - b; ++y) {
    const float* row = here + y * width;
    const uint8_t* allowed = allowed_.empty() ? nullptr : allowed_.data() + (z * shape_.y + y) * width;
    for (int64_t x = b; x < width - b; ++x) {
      const float value = row[x];
      if (row[x - 1] >= value || row[x + 1] > value || !std::isfinite(value) || (allowed && !allowed[x])) continue;
      bool peak = true;
      for (int dz = -1; dz <= 1 && peak; ++dz)
        for (int dy = -1; dy <= 1 && peak; ++dy) {
          const float* other = planes[dz + 1] + (y + dy) * width + x;
          const int off = std::abs(dz) + std::abs(dy);
          const bool earlier = dz < 0 || (dz == 0 && dy < 0);
          if (off > 0 && (off == 1 || options_.neighbours >= 18)) peak = lower(other[0], value, earlier);
          if (peak && off > 0 && options_.neighbours >= (off == 1 ? 18 : 26))
            peak = lower(other[-1], value, earlier) && lower(other[1], value, earlier);
        }
      if (!peak) continue;
      ++out.all;
      out.lowest = std::min(out.lowest, value);
      out.highest = std::max(out.highest, value);
      if (value < options_.threshold) continue;
      const Vec3 offset{vertex(row[x - 1], value, row[x + 1]), vertex(row[x - width], value, row[x + width]),
                        vertex(below[y * width + x], value, above[y * width + x])};
      out.peaks.push_back(
          {Vec3{double(x), double(y), double(z)} + offset, value, 0, 0, (z * shape_.y + y) * width + x});
    }
  }
  return out;
}

void PeakScan::add_planes(std::span<const float* const> planes, int64_t first_z, Threads& threads) {
  const int64_t count = static_cast<int64_t>(planes.size()) - 2;
  if (count < 1) return;
  std::vector<PlanePeaks> found(count);
  threads.for_each(count, [&](int64_t i, int) {
    const int64_t z = first_z + i;
    if (z >= options_.border && z < shape_.z - options_.border)
      found[i] = search(planes[i], planes[i + 1], planes[i + 2], z);
  });
  for (const PlanePeaks& plane : found) {
    if (plane.all == 0) continue;
    totals_.lowest = totals_.all == 0 ? plane.lowest : std::min(totals_.lowest, plane.lowest);
    totals_.highest = totals_.all == 0 ? plane.highest : std::max(totals_.highest, plane.highest);
    totals_.all += plane.all;
    for (const Peak& peak : plane.peaks) best_.add(peak);
  }
}

PeakList PeakScan::take() {
  totals_.found = best_.added();
  totals_.peaks = best_.take();
  return std::move(totals_);
}

PeakList find_peaks(const Volume<float>& score, const PeakOptions& options, Threads& threads,
                    std::span<const uint8_t> allowed) {
  const Shape3 shape = score.shape();
  PeakScan scan(shape, options, allowed);
  if (shape.z < 3 || shape.y < 3 || shape.x < 3) return scan.take();
  std::vector<const float*> planes(shape.z);
  for (int64_t z = 0; z < shape.z; ++z) planes[z] = score.data() + z * shape.y * shape.x;
  scan.add_planes(planes, 1, threads);
  return scan.take();
}

std::vector<Peak> suppress_neighbours(std::vector<Peak> peaks, const SuppressionOptions& options) {
  std::sort(peaks.begin(), peaks.end(), better_peak);
  double reach = options.distance_voxels;
  for (const Peak& peak : peaks)
    reach = std::max(reach, options.distance_voxels + 2 * options.radius_share * peak.radius_voxels);
  if (!(reach > 0)) return peaks;
  PointCells cells(std::max(reach, 0.01));
  std::vector<Peak> taken;
  for (const Peak& peak : peaks) {
    const Vec3 at = peak.position_voxels;
    const bool free = cells.all_near(at, reach, [&](int32_t other) {
      const double allowed =
          options.distance_voxels + options.radius_share * (peak.radius_voxels + taken[other].radius_voxels);
      return (taken[other].position_voxels - at).norm() >= allowed;
    });
    if (!free) continue;
    cells.add(static_cast<int32_t>(taken.size()), at);
    taken.push_back(peak);
  }
  return taken;
}

}  // namespace tessera
