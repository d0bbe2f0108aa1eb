// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/class_symmetry.h"

#include <algorithm>
#include <cmath>

#include "tessera/align/compare.h"
#include "tessera/base/errors.h"
#include "tessera/so3/point_group.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

int64_t judged_shells(const Resolution& resolution, int64_t box) {
  return std::clamp<int64_t>(std::lround(resolution.crossing_shell), 4, box / 2 - 2);
}

}  // namespace

ClassSymmetry::ClassSymmetry(const std::vector<std::string>& names, int classes) {
  if (names.size() > 1 && static_cast<int>(names.size()) != classes)
    throw UserError(fmt::format("{} symmetries for {} classes: give one for all, or one for each (C1 for none)",
                                names.size(), classes));
  for (int k = 0; k < classes; ++k) {
    names_.push_back(names.empty() ? "C1" : names.size() == 1 ? names[0] : names[k]);
    groups_.push_back(point_group(names_.back()));
  }
}

bool ClassSymmetry::any() const {
  return std::any_of(groups_.begin(), groups_.end(), [](const auto& group) { return group.size() > 1; });
}

bool ClassSymmetry::differ() const {
  return std::any_of(names_.begin(), names_.end(), [&](const std::string& name) { return name != names_[0]; });
}

void symmetrise(FoldSums& sums, const std::vector<Rotation>& group, ExecContext& context) {
  context.threads.for_each(std::ssize(sums.folds),
                           [&](int64_t f, int) { sums.folds[f] = symmetrised(sums.folds[f], group); });
}

SymmetryStatus judge_symmetry(const FoldSums& sums, const Resolution& resolution, const Volume<float>& mask,
                              const std::vector<Rotation>& group, const Pose* standard_from_map) {
  const int64_t n = mask.shape().x, last = judged_shells(resolution, n);
  const auto inside = [&](const Volume<float>& map) {
    return masked(standard_from_map ? transformed_map(map, *standard_from_map) : map, mask);
  };
  SymmetryStatus out;
  out.score = symmetry_score(inside(solved_map(sums.all(), resolution, n / 2)), group, {last, {}});
  out.agreement =
      symmetry_agreement(inside(unfiltered_map(sums.half(0))), inside(unfiltered_map(sums.half(1))), group, 2, last);
  return out;
}

SymmetryFit find_axes(const FoldSums& sums, const Resolution& resolution, const Volume<float>& mask,
                      const std::string& group, ExecContext& context) {
  const int64_t n = mask.shape().x;
  const Volume<float> map = masked(solved_map(sums.all(), resolution, n / 2), mask);
  SymmetrySearch search{judged_shells(resolution, n), shell_power(centred_spectrum(map))};
  for (size_t s = 0; s < search.variance.size(); ++s) {
    const double fsc = std::clamp(resolution.fsc[s], 0.01, 1.0);
    search.variance[s] = std::max(search.variance[s], 1e-30) * (1 + fsc) / (2 * fsc);
  }
  return find_symmetry(map, group, search, context);
}

void turn_reference(std::vector<Assignment>& assignments, int class_index, const Pose& new_from_old, double max_shift) {
  const Rotation back = new_from_old.particle_from_ref.inverse();
  for (Assignment& assignment : assignments)
    for (WeightedPose& p : assignment.poses) {
      if (p.class_index != class_index) continue;
      Pose& pose = p.pose;
      pose.particle_from_ref = pose.particle_from_ref * back;
      pose.shift_voxels = pose.shift_voxels - pose.particle_from_ref * new_from_old.shift_voxels;
      const double length = pose.shift_voxels.norm();
      if (length > max_shift) pose.shift_voxels = pose.shift_voxels * (max_shift / length);
    }
}

Vec3 invariant_part(Vec3 v, const std::vector<Rotation>& group) {
  Vec3 sum;
  for (const Rotation& g : group) sum += g * v;
  return sum * (1 / static_cast<double>(group.size()));
}

}  // namespace tessera
