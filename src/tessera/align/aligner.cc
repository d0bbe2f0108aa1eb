// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/aligner.h"

#include <algorithm>
#include <cmath>

#include "tessera/align/symmetry.h"
#include "tessera/base/errors.h"
#include "tessera/base/stopwatch.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

// Adds the life of the object to a sum.
class Lap {
 public:
  explicit Lap(double& seconds) : seconds_(seconds) {}
  ~Lap() { seconds_ += watch_.seconds(); }
  Lap(const Lap&) = delete;
  Lap& operator=(const Lap&) = delete;

 private:
  double& seconds_;
  Stopwatch watch_;
};

}  // namespace

SearchMode AlignOptions::mode() const {
  if (search == "phases") return SearchMode::phases;
  if (search == "magnitudes") return SearchMode::magnitudes;
  if (search == "both") return SearchMode::both;
  throw UserError(fmt::format("--search '{}': choose phases, magnitudes or both", search));
}

int bandwidth_for(double radius, int64_t shell, int64_t box, int max_bandwidth) {
  const double degree = 2 * pi * radius * static_cast<double>(shell) / static_cast<double>(box);
  int wanted = static_cast<int>(std::ceil(degree)) + 2;
  wanted += wanted % 2;
  return std::clamp(wanted, 8, std::max(8, max_bandwidth));
}

SearchGrid search_grid(int64_t box, int64_t band_limit, double radius, const AlignOptions& options) {
  SearchGrid out;
  const auto resolvable =
      static_cast<int64_t>((options.max_bandwidth - 2) * static_cast<double>(box) / (2 * pi * std::max(radius, 3.0)));
  out.shells =
      options.whole_band ? band_limit : std::clamp<int64_t>(resolvable, std::min<int64_t>(5, band_limit), band_limit);
  out.bandwidth =
      options.bandwidth > 0 ? options.bandwidth : bandwidth_for(radius, out.shells, box, options.max_bandwidth);
  return out;
}

RotationSearch make_search(int64_t box, const SearchGrid& grid, const AlignOptions& options) {
  const double wavelength = static_cast<double>(box) / static_cast<double>(grid.shells);
  const bool shifts = options.mode() != SearchMode::magnitudes;  // magnitudes do not see them
  return {box, grid.bandwidth, static_cast<int>(grid.shells),
          shifts ? translation_ball(options.max_shift_voxels, 0.3 * wavelength) : std::vector<Vec3>{{}}};
}

Aligner::Aligner(const RotationSearch& search, const PaddedSpectrum& reference,
                 const std::vector<const FourierWeight*>& weights, int64_t band_limit,
                 std::vector<double> noise_variance, const AlignOptions& options, std::vector<Rotation> symmetry)
    : search_(search),
      reference_(reference),
      options_(options),
      noise_variance_(std::move(noise_variance)),
      symmetry_(std::move(symmetry)) {
  for (int s = 1; s <= search.shells(); ++s) shell_weight_.push_back(static_cast<float>(s * s / noise_variance_[s]));
  harmonics_ = search.prepare_reference(reference, options.mean_removed);
  for (const FourierWeight* weight : weights) {
    Group& g = groups_.emplace_back();
    g.weight = weight;
    g.components = ObservedComponents(*weight, band_limit);
    g.search_components = ObservedComponents(*weight, std::min<int64_t>(search.shells(), band_limit));
    if (g.components.size() < 10)
      throw UserError(
          "a Fourier weight leaves fewer than ten components observed up to the band limit: nothing can be "
          "aligned with it; check the tilt range or the rlnCtfImage file");
    g.power = power_weights(g.components, noise_variance_);
    g.search_power = power_weights(g.search_components, noise_variance_);
    g.phase_denominator = search.denominator(*weight, harmonics_, shell_weight_);
  }
}

std::vector<Pose> Aligner::candidates(const PreparedParticle& particle, int group, const std::optional<Pose>& prior,
                                      double prior_radius, Workspace& work) const {
  const Group& g = groups_[group];
  const SearchMode mode = options_.mode();
  std::vector<Pose> out;
  if (mode != SearchMode::magnitudes) {
    const Lap lap(work.rotation_seconds);
    std::vector<int> subset;
    if (prior && prior_radius >= 0)
      for (size_t t = 0; t < search_.translations().size(); ++t)
        if ((search_.translations()[t] - prior->shift_voxels).norm() <= prior_radius)
          subset.push_back(static_cast<int>(t));
    for (const auto& c : search_.search_phases(particle.samples, harmonics_, g.phase_denominator, shell_weight_, subset,
                                               options_.candidates, options_.separation_deg * degree, work.search,
                                               options_.maxima_window_deg * degree, symmetry_))
      out.push_back({c.particle_from_ref, c.shift_voxels});
  }
  if (mode != SearchMode::phases) {
    std::vector<RotationSearch::Candidate> found;
    {
      const Lap lap(work.rotation_seconds);
      found = search_.search_magnitudes(particle.samples, *g.weight, harmonics_, g.phase_denominator, shell_weight_,
                                        options_.mean_removed, options_.candidates, options_.separation_deg * degree,
                                        work.search, options_.maxima_window_deg * degree, symmetry_);
    }
    const Lap lap(work.translation_seconds);
    const auto weighted =
        weighted_particle(g.search_components, particle.spectrum.data(), noise_variance_, g.search_power);
    for (const auto& c : found)
      out.push_back(
          {c.particle_from_ref,
           search_shift(weighted, reference_, c.particle_from_ref, options_.max_shift_voxels)[0].shift_voxels});
  }
  return out;
}

std::vector<RefinedPose> Aligner::align(const PreparedParticle& particle, int group, const std::optional<Pose>& prior,
                                        double prior_radius, Workspace& work) const {
  const Group& g = groups_[group];
  auto starts = candidates(particle, group, prior, prior_radius, work);
  if (prior) starts.push_back(*prior);
  const Lap lap(work.refinement_seconds);
  const auto coarse = weighted_particle(g.search_components, particle.spectrum.data(), noise_variance_, g.search_power);
  const auto fine = weighted_particle(g.components, particle.spectrum.data(), noise_variance_, g.power);
  RefineOptions climb;
  climb.max_shift_voxels = options_.max_shift_voxels;
  const auto better = [](const RefinedPose& a, const RefinedPose& b) {
    return a.score.correlation() > b.score.correlation();
  };
  // Climb at the search's band limit first: its maxima are the widest. Those best at the full one climb on there.
  std::vector<RefinedPose> poses;
  for (const Pose& start : starts) {
    if (!options_.refine) {
      poses.push_back({start, score_pose(fine, reference_, start), 0});
      continue;
    }
    climb.max_steps = 3;
    poses.push_back(refine_pose(coarse, reference_, start, climb));
    poses.back().score = score_pose(fine, reference_, poses.back().pose);
  }
  std::stable_sort(poses.begin(), poses.end(), better);
  if (!options_.refine) return poses;
  std::vector<RefinedPose> best;
  for (const RefinedPose& pose : poses) {
    const bool known = std::any_of(best.begin(), best.end(), [&](const RefinedPose& other) {
      return angle_between_modulo(other.pose.particle_from_ref, pose.pose.particle_from_ref, symmetry_) < 2 * degree &&
             (other.pose.shift_voxels - pose.pose.shift_voxels).norm() < 0.5;
    });
    if (!known) best.push_back(pose);
    if (static_cast<int>(best.size()) >= options_.refined) break;
  }
  climb.max_steps = 8;
  for (RefinedPose& pose : best) {
    pose = refine_pose(fine, reference_, pose.pose, climb);
    const double score = pose.score.correlation();
    climb.give_up_below = std::max(climb.give_up_below, 0.5 * score * score);
  }
  std::stable_sort(best.begin(), best.end(), better);
  return best;
}

PoseScore Aligner::score(const PreparedParticle& particle, int group, const Pose& pose) const {
  const Group& g = groups_[group];
  return score_pose(weighted_particle(g.components, particle.spectrum.data(), noise_variance_, g.power), reference_,
                    pose);
}

RefinedPose Aligner::refine(const PreparedParticle& particle, int group, const Pose& start) const {
  const Group& g = groups_[group];
  RefineOptions climb;
  climb.max_shift_voxels = options_.max_shift_voxels;
  return refine_pose(weighted_particle(g.components, particle.spectrum.data(), noise_variance_, g.power), reference_,
                     start, climb);
}

}  // namespace tessera
