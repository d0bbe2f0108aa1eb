// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/convergence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tessera/align/symmetry.h"
#include "tessera/average/angular_coverage.h"
#include "tessera/base/units.h"

namespace tessera {

void describe_change(const std::vector<Assignment>& before, const std::vector<Assignment>& after, IterationReport& out,
                     const std::vector<std::vector<Rotation>>& groups) {
  const double share = 1.0 / static_cast<double>(after.size());
  double kept = 0;
  for (size_t i = 0; i < after.size(); ++i) {
    out.mean_log_likelihood += share * after[i].log_likelihood;
    out.mean_correlation += share * after[i].correlation;
    double entropy = 0;
    for (const WeightedPose& p : after[i].poses) entropy -= p.probability * std::log(p.probability);
    out.effective_candidates += share * std::exp(entropy);
    if (before.empty()) continue;
    const WeightedPose &a = before[i].poses.front(), &b = after[i].poses.front();
    if (a.class_index != b.class_index) {
      out.class_changes += share;
      continue;
    }
    ++kept;
    const Rotation &from = a.pose.particle_from_ref, &to = b.pose.particle_from_ref;
    const double turn =
        groups.empty() ? angle_between(from, to) : angle_between_modulo(from, to, groups[b.class_index]);
    out.mean_rotation_change_deg += turn / degree;
    out.mean_shift_change_voxels += (a.pose.shift_voxels - b.pose.shift_voxels).norm();
  }
  out.mean_rotation_change_deg /= std::max(1.0, kept);
  out.mean_shift_change_voxels /= std::max(1.0, kept);
}

void describe_coverage(const std::vector<Assignment>& assignments, int class_index, ClassStatus& out,
                       const std::vector<Rotation>& group) {
  std::vector<WeightedRotation> rotations;
  for (const Assignment& a : assignments)
    for (const WeightedPose& p : a.poses)
      for (const Rotation& g : group)
        if (p.class_index == class_index)
          rotations.push_back({p.pose.particle_from_ref * g, p.probability / static_cast<double>(group.size())});
  const AngularCoverage coverage = angular_coverage(rotations);
  out.covered_directions = coverage.directions;
  out.covered_rotations = coverage.rotations;
  out.largest_direction_excess = coverage.largest_excess;
}

std::optional<std::string> reason_to_stop(const std::vector<IterationReport>& reports) {
  const auto size = reports.size();
  if (size > 0 && reports.back().of_start)
    return fmt::format(
        "the posterior of a particle spreads over {:.0f} poses, more than candidates can stand for: the map is the "
        "average over all of them",
        reports.back().effective_candidates);
  if (size < 3) return std::nullopt;
  const auto& last = reports[size - 1];
  const auto rests = [&](size_t i) {
    const IterationReport& one = reports[i];
    return one.map_correlation > 0.999 && one.class_changes < 0.01 && one.temperature == 1 &&
           std::abs(one.band_limit - last.band_limit) <= 1;
  };
  if (rests(size - 1) && rests(size - 2))
    return fmt::format("the map no longer changes (correlation {:.5f} with the one before)", last.map_correlation);
  constexpr size_t patience = 5;
  if (size < 2 * patience) return std::nullopt;
  // The best of the five iterations before the last five, and of these.
  struct Best {
    double likelihood = -1e300, turn = 1e300, change = 1e300, swaps = 1e300;
    int64_t band = 0;
  } best[2];
  for (size_t i = size - 2 * patience; i < size; ++i) {
    Best& b = best[i + patience >= size];
    b.likelihood = std::max(b.likelihood, reports[i].mean_log_likelihood);
    b.turn = std::min(b.turn, reports[i].mean_rotation_change_deg);
    b.change = std::min(b.change, 1 - reports[i].map_correlation);
    b.swaps = std::min(b.swaps, reports[i].class_changes);
    b.band = std::max(b.band, reports[i].band_limit);
  }
  const auto& [before, now] = best;
  if (now.band > before.band || now.likelihood > before.likelihood + 0.002 * std::abs(before.likelihood) ||
      now.turn < 0.9 * before.turn || now.change < 0.9 * before.change || now.swaps < 0.9 * before.swaps)
    return std::nullopt;
  return fmt::format("{} iterations brought nothing more: likelihood, band limit and changes stay as they were",
                     patience);
}

}  // namespace tessera
