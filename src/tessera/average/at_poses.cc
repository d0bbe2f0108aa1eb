// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/at_poses.h"

#include "tessera/average/class_symmetry.h"
#include "tessera/average/judged_maps.h"
#include "tessera/volume/masks.h"

namespace tessera {

std::vector<AverageMaps> average_at_poses(const ParticleStack& stack, const std::vector<WeightedPose>& given,
                                          const AverageOptions& options, ExecContext& context,
                                          const Volume<float>& mask, std::vector<WeightedPose>* used) {
  std::vector<WeightedPose> poses = given;
  const int folds = fold_count(stack.count(), options);
  const std::vector<int> fold_of = deal_folds(stack.count(), folds, context.seed);
  const ClassSymmetry symmetry(options.symmetry, options.classes);
  const auto sum = [&] {
    std::vector<std::vector<WeightedPose>> lists;
    for (const WeightedPose& pose : poses) lists.push_back({pose});
    return accumulate(stack, lists, fold_of, folds, options.classes, stack.box() / 2, context);
  };
  const Shape3 shape = Shape3::cube(stack.box());
  const double largest = stack_mask_radius(stack.box(), stack.voxel_size_A(), options);
  const auto measure = [&](const FoldSums& sums, const Volume<float>& inside) {
    return measure_resolution(sums, inside, options.wiener, options.model.ridge_share());
  };
  // Inside the mask given, or that found from the sums.
  const auto measured = [&](const FoldSums& sums, Volume<float>& inside) {
    inside = mask.empty() ? soft_sphere(shape, largest, 3) : mask;
    Resolution resolution = measure(sums, inside);
    if (options.mask_diameter_A || !mask.empty()) return resolution;
    inside = soft_sphere(shape, radius_of(sums, resolution, largest, stack, options), 3);
    return measure(sums, inside);
  };
  auto sums = sum();
  Volume<float> inside;
  if (symmetry.any() && options.symmetry_axes == "found") {
    std::vector<Assignment> assignments(poses.size());
    for (size_t i = 0; i < poses.size(); ++i) assignments[i].poses = {poses[i]};
    for (int k = 0; k < options.classes; ++k) {
      if (!symmetry.has(k)) continue;
      const Resolution resolution = measured(sums[k], inside);
      const SymmetryFit fit = find_axes(sums[k], resolution, inside, symmetry.name(k), context);
      turn_reference(assignments, k, fit.standard_from_map, static_cast<double>(stack.box()));
    }
    for (size_t i = 0; i < poses.size(); ++i) poses[i] = assignments[i].poses[0];
    sums = sum();
  }
  std::vector<AverageMaps> out;
  for (int k = 0; k < options.classes; ++k) {
    FoldSums& one = sums[k];
    std::optional<SymmetryStatus> status;
    if (symmetry.has(k)) {
      const Resolution resolution = measured(one, inside);
      status = judge_symmetry(one, resolution, inside, symmetry.group(k));
      status->first_agreement = status->agreement;
      status->imposed = true;
      symmetrise(one, symmetry.group(k), context);
    }
    const Resolution resolution = measured(one, inside);
    judge(out.emplace_back(maps_of(one, one, resolution, stack)), inside, stack, context.seed);
    out.back().symmetry = status;
  }
  if (used) *used = std::move(poses);
  return out;
}

}  // namespace tessera
