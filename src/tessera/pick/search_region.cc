// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/search_region.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tessera {
namespace {

struct PlaneSums {
  double sum = 0, squares = 0;
  int64_t count = 0;
};

// Sums over the allowed voxels with |value − middle| ≤ reach, plane by plane.
PlaneSums sums_within(const Volume<float>& v, const std::vector<uint8_t>& allowed, double middle, double reach,
                      Threads& threads) {
  const int64_t plane = v.shape().y * v.shape().x;
  std::vector<PlaneSums> of_plane(v.shape().z);
  threads.for_each(v.shape().z, [&](int64_t z, int) {
    PlaneSums s;
    for (int64_t i = z * plane; i < (z + 1) * plane; ++i) {
      const double d = v[i] - middle;
      if ((!allowed.empty() && !allowed[i]) || !(std::abs(d) <= reach)) continue;
      s.sum += d;
      s.squares += d * d;
      ++s.count;
    }
    of_plane[z] = s;
  });
  PlaneSums total;
  for (const PlaneSums& s : of_plane) {
    total.sum += s.sum;
    total.squares += s.squares;
    total.count += s.count;
  }
  return total;
}

bool too_many_outliers(const SearchRegion& region) {
  return region.outliers * 20 > region.searched();
}

void find_mean(const Volume<float>& v, const RegionOptions& options, Threads& threads, SearchRegion& region) {
  double middle = 0, reach = std::numeric_limits<double>::infinity();
  for (const float value : v)  // a first middle, so that squares of differences lose no digits
    if (std::isfinite(value)) {
      middle = value;
      break;
    }
  int64_t last = -1;
  double plain_mean = 0, plain_deviation = 0;
  for (int round = 0; round < 20; ++round) {
    const PlaneSums s = sums_within(v, region.allowed, middle, reach, threads);
    const double shift = s.count > 0 ? s.sum / static_cast<double>(s.count) : 0;
    const double variance = s.count > 0 ? s.squares / static_cast<double>(s.count) - shift * shift : 0;
    const double deviation = std::sqrt(std::max(0.0, variance));
    region.outliers = region.searched() - s.count;
    if (round == 0) {
      plain_mean = middle + shift;
      plain_deviation = deviation;
    } else if (too_many_outliers(region) || !(deviation > 1e-6 * plain_deviation)) {
      middle = plain_mean;  // particles on empty ground: what stands out is no contamination
      region.deviation = plain_deviation;
      break;
    }
    middle += shift;
    region.deviation = deviation;
    if (s.count == last) break;
    last = s.count;
    reach = options.gold_sigmas * deviation;
  }
  region.mean = middle;
  if (!(region.deviation > 0))
    throw UserError(fmt::format("all voxels searched are {:g}: there is nothing to pick", region.mean));
}

void exclude_near_outliers(const Volume<float>& v, const RegionOptions& options, double voxel_size_A,
                           SearchRegion& region) {
  if (too_many_outliers(region))
    throw UserError(
        fmt::format("{} of {} voxels lie beyond --gold-sigmas {}: too many for beads of gold; give more "
                    "sigmas, or leave --exclude-gold out",
                    region.outliers, region.searched(), options.gold_sigmas));
  if (region.allowed.empty()) region.allowed.assign(v.size(), 1);
  const Shape3 shape = v.shape();
  const double margin = options.gold_margin_A / voxel_size_A, reach = options.gold_sigmas * region.deviation;
  const auto steps = static_cast<int64_t>(margin);
  std::vector<int64_t> outliers;
  for (int64_t i = 0; i < v.size(); ++i)
    if (region.allowed[i] && !(std::abs(v[i] - region.mean) <= reach)) outliers.push_back(i);
  for (const int64_t i : outliers) {
    const int64_t z0 = i / (shape.y * shape.x), y0 = i / shape.x % shape.y, x0 = i % shape.x;
    for (int64_t dz = -steps; dz <= steps; ++dz)
      for (int64_t dy = -steps; dy <= steps; ++dy) {
        const int64_t z = z0 + dz, y = y0 + dy;
        const double left = margin * margin - static_cast<double>(dz * dz + dy * dy);
        if (left < 0 || z < 0 || y < 0 || z >= shape.z || y >= shape.y) continue;
        const auto half = static_cast<int64_t>(std::sqrt(left));
        for (int64_t x = std::max<int64_t>(0, x0 - half); x <= std::min(shape.x - 1, x0 + half); ++x) {
          uint8_t& allowed = region.allowed[(z * shape.y + y) * shape.x + x];
          region.near_outliers += allowed;
          allowed = 0;
        }
      }
  }
  region.excludes_gold = true;
}

}  // namespace

void RegionOptions::add_faults(Faults& faults) const {
  require_one_of("contrast", contrast, {"bright", "dark"}, faults);
  if (!(gold_sigmas >= 3))
    faults.add(fmt::format("--gold-sigmas {} would call noise gold; give 3 or more", gold_sigmas));
  if (!(gold_margin_A >= 0) || !std::isfinite(gold_margin_A))
    faults.add(fmt::format("--gold-margin {} Å cannot be negative", gold_margin_A));
  if (!(clamp_sigmas >= 0) || (clamp_sigmas > 0 && clamp_sigmas < 1))
    faults.add(fmt::format("--clamp {} must be 0 (off) or at least 1", clamp_sigmas));
}

SearchRegion prepare_search(Volume<float>& v, std::vector<uint8_t> mask, const RegionOptions& options,
                            double voxel_size_A, Threads& threads) {
  SearchRegion region;
  region.voxels = v.size();
  region.allowed = std::move(mask);
  for (const uint8_t m : region.allowed) region.outside_mask += m == 0;
  for (int64_t i = 0; i < v.size(); ++i) {
    if (std::isfinite(v[i])) continue;
    if (region.allowed.empty()) region.allowed.assign(v.size(), 1);
    region.not_finite += region.allowed[i];
    region.allowed[i] = 0;
    v[i] = 0;
  }
  if (region.searched() == 0)
    throw UserError(
        fmt::format("no voxel of the tomogram is left to search: {} of {} lie outside the mask, {} are NaN "
                    "or infinite",
                    region.outside_mask, region.voxels, region.not_finite));
  find_mean(v, options, threads, region);
  if (options.exclude_gold && region.outliers > 0) {
    exclude_near_outliers(v, options, voxel_size_A, region);
    const int64_t outliers = region.outliers;
    find_mean(v, options, threads, region);
    region.outliers = outliers;
  }
  const int64_t plane = v.shape().y * v.shape().x;
  const auto mean = static_cast<float>(region.mean);
  const float sign = options.dark() ? -1.0f : 1.0f;
  const float limit = options.clamp_sigmas > 0 ? static_cast<float>(options.clamp_sigmas * region.deviation)
                                               : std::numeric_limits<float>::max();
  threads.for_each(v.shape().z, [&](int64_t z, int) {
    for (int64_t i = z * plane; i < (z + 1) * plane; ++i)
      v[i] = region.allowed.empty() || region.allowed[i] ? sign * std::clamp(v[i] - mean, -limit, limit) : 0.0f;
  });
  return region;
}

std::vector<uint8_t> mask_of(const Volume<float>& map, Shape3 shape, const std::string& source) {
  if (map.shape() != shape)
    throw UserError(
        fmt::format("{}: the mask is {} × {} × {} voxels (x, y, z), the tomogram {} × {} × {}; they must "
                    "agree",
                    source, map.shape().x, map.shape().y, map.shape().z, shape.x, shape.y, shape.z));
  std::vector<uint8_t> out(map.size());
  int64_t inside = 0;
  for (int64_t i = 0; i < map.size(); ++i) {
    if (!std::isfinite(map[i])) throw UserError(fmt::format("{}: the mask holds NaN or infinite values", source));
    inside += out[i] = map[i] > 0.5f;
  }
  if (inside == 0)
    throw UserError(fmt::format("{}: the mask is empty: no value exceeds 0.5, so nothing would be searched", source));
  return out;
}

}  // namespace tessera
