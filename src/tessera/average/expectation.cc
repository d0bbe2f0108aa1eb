// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/expectation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "tessera/average/imputation.h"
#include "tessera/average/share_assignments.h"
#include "tessera/average/shift_prior.h"
#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/parallel/blocks.h"
#include "tessera/volume/shells.h"

namespace tessera {

void sort_poses(std::vector<WeightedPose>& poses) {
  std::map<int, double> share;
  for (const WeightedPose& p : poses) share[p.class_index] += p.probability;
  std::stable_sort(poses.begin(), poses.end(), [&](const WeightedPose& a, const WeightedPose& b) {
    if (a.class_index == b.class_index) return a.probability > b.probability;
    return std::pair(share[a.class_index], -a.class_index) > std::pair(share[b.class_index], -b.class_index);
  });
}

namespace {

double log_joint(const PosteriorPeak& peak, double temperature) {
  return peak.refined.score.log_likelihood_ratio() / temperature - peak.refined.half_log_determinant + peak.log_prior;
}

WeightedPose weighted(const PosteriorPeak& peak, double probability) {
  return {peak.refined.pose, probability, peak.class_index, peak.refined.score.log_likelihood_ratio(),
          peak.refined.half_log_determinant};
}

// log Σ e^{log_joint}.
double log_evidence(const std::vector<PosteriorPeak>& peaks, double temperature) {
  double largest = -1e300, sum = 0;
  for (const PosteriorPeak& peak : peaks) largest = std::max(largest, log_joint(peak, temperature));
  for (const PosteriorPeak& peak : peaks) sum += std::exp(log_joint(peak, temperature) - largest);
  return largest + std::log(sum);
}

}  // namespace

double posterior(const std::vector<PosteriorPeak>& peaks, const PosteriorOptions& options,
                 std::vector<WeightedPose>& out) {
  out.clear();
  const double evidence = log_evidence(peaks, 1);
  if (options.hard) {
    const auto best = std::max_element(peaks.begin(), peaks.end(), [](const PosteriorPeak& a, const PosteriorPeak& b) {
      return a.refined.score.correlation() < b.refined.score.correlation();
    });
    out.push_back(weighted(*best, 1));
    return evidence;
  }
  const double T = options.temperature, tempered = T == 1 ? evidence : log_evidence(peaks, T);
  double kept = 0;
  for (const PosteriorPeak& peak : peaks) {
    const double g = std::exp(log_joint(peak, T) - tempered);
    if (g < options.floor || !(g > 0)) continue;
    out.push_back(weighted(peak, g));
    kept += g;
  }
  for (WeightedPose& p : out) p.probability /= kept;
  sort_poses(out);
  return evidence;
}

// |X − Y|² per shell; beyond the reference's band Y is nothing.
std::vector<double> residual_of(const ParticleStack& stack, int64_t i, const PreparedParticle& particle,
                                const Aligner& aligner, const Pose& pose) {
  const ObservedComponents& band = aligner.group(stack.group(i)).components;
  std::vector<double> out = particle.shell_power;
  std::fill_n(out.begin(), std::min<size_t>(band.max_shell + 1, out.size()), 0.0);
  add_residual(band, particle.spectrum.data(), aligner.reference(), pose, out);
  return out;
}

namespace {

// The pose a particle had in a class, or failing that its first.
std::optional<Pose> pose_before(const ExpectationInput& input, int64_t i, int class_index) {
  if (input.previous.empty() || input.previous[i].poses.empty()) return std::nullopt;
  const auto& poses = input.previous[i].poses;
  const auto own =
      std::find_if(poses.begin(), poses.end(), [&](const WeightedPose& p) { return p.class_index == class_index; });
  return own == poses.end() ? poses.front().pose : own->pose;
}

// The candidates of one class with all that weighs them beside their likelihood.
void add_peaks(const ExpectationInput& input, int64_t i, int class_index, const std::vector<RefinedPose>& candidates,
               uint64_t seed, std::vector<PosteriorPeak>& peaks) {
  const double equivalent = input.equivalent_poses.empty() ? 1 : input.equivalent_poses[class_index];
  const double log_prior = std::log(input.class_prior[class_index] * equivalent);
  const size_t first = peaks.size();
  for (const RefinedPose& candidate : candidates) {
    PosteriorPeak& peak = peaks.emplace_back(PosteriorPeak{candidate, class_index, log_prior});
    if (input.shift_deviation > 0)
      peak.log_prior += shift_log_prior(candidate.pose.shift_voxels, input.shift_deviation);
    if (input.volumes.kind != VolumeKind::laplace) peak.refined.half_log_determinant = 0;
  }
  if (input.volumes.kind != VolumeKind::voronoi) return;
  std::vector<Pose> poses;
  for (const RefinedPose& candidate : candidates) poses.push_back(candidate.pose);
  Random random(seed, "voronoi", static_cast<uint64_t>(i) * input.aligners.size() + class_index);
  const auto volumes = voronoi_volumes(poses, input.volumes.voronoi, random);
  for (size_t c = 0; c < volumes.size(); ++c) peaks[first + c].log_prior += std::log(volumes[c]);  // −∞: nobody's cell
}

// Over the poses found, by their probability.
std::vector<double> mean_residual(const ExpectationInput& input, int64_t i, const PreparedParticle& particle,
                                  const std::vector<WeightedPose>& poses) {
  std::vector<double> out;
  for (const WeightedPose& p : poses) {
    const auto one = residual_of(input.stack, i, particle, *input.aligners[p.class_index][input.fold_of[i]], p.pose);
    out.resize(one.size());
    for (size_t s = 0; s < one.size(); ++s) out[s] += p.probability * one[s];
  }
  return out;
}

}  // namespace

Assignment assign(const ExpectationInput& input, int64_t i, uint64_t seed, Aligner::Workspace& work) {
  const ParticleStack& stack = input.stack;
  const auto particle = stack.particle(i);  // kept for all classes
  std::vector<PosteriorPeak> peaks;
  for (int k = 0; k < static_cast<int>(input.aligners.size()); ++k) {
    if (!(input.class_prior[k] > 0)) continue;  // an empty class
    const Aligner& aligner = *input.aligners[k][input.fold_of[i]];
    const auto before = input.keep_pose || input.fixed_poses ? pose_before(input, i, k) : std::nullopt;
    if (input.fixed_poses)
      add_peaks(input, i, k, {{*before, aligner.score(*particle, stack.group(i), *before), 0}}, seed, peaks);
    else
      add_peaks(input, i, k, aligner.align(*particle, stack.group(i), before, input.shift_window, work), seed, peaks);
  }
  Assignment out;
  out.log_likelihood = posterior(peaks, input.posterior, out.poses);
  if (!std::isfinite(out.log_likelihood))
    throw NumericalError(fmt::format("particle {}: the likelihood is not finite", i + 1));
  const WeightedPose& best = out.poses.front();
  for (const PosteriorPeak& peak : peaks)
    if (peak.class_index == best.class_index && peak.refined.score.log_likelihood_ratio() == best.log_likelihood)
      out.correlation = peak.refined.score.correlation();
  const Aligner& aligner = *input.aligners[best.class_index][input.fold_of[i]];
  out.residual = input.posterior_noise ? mean_residual(input, i, *particle, out.poses)
                                       : residual_of(stack, i, *particle, aligner, best.pose);
  return out;
}

namespace {

// Those of the subset among the rank's particles, in ascending order.
std::vector<int64_t> shared_subset(const std::vector<int64_t>& mine, std::vector<int64_t> subset) {
  std::sort(subset.begin(), subset.end());
  std::vector<int64_t> out;
  std::set_intersection(mine.begin(), mine.end(), subset.begin(), subset.end(), std::back_inserter(out));
  return out;
}

}  // namespace

std::vector<Assignment> expectation(const ExpectationInput& input, ExecContext& context, const std::string& title,
                                    ExpectationTimes* times) {
  std::vector<int64_t> mine = Blocks(input.stack.count()).items_of(context.comm);
  if (!input.subset.empty()) mine = shared_subset(mine, input.subset);
  const auto count = std::ssize(mine);
  std::vector<Assignment> out(input.stack.count());
  std::vector<Aligner::Workspace> work(context.threads.count());
  Progress progress(context.sink, title, count);
  std::mutex mutex;
  context.threads.for_each(count, [&](int64_t item, int worker) {
    if (context.stop_requested()) throw Interrupted("stopped by request");
    const int64_t i = mine[item];
    out[i] = assign(input, i, context.seed, work[worker]);
    std::lock_guard lock(mutex);
    progress.advance();
  });
  share_assignments(out, mine, context.comm);
  for (const Aligner::Workspace& w : work)
    if (times) {
      times->rotation += w.rotation_seconds;
      times->translation += w.translation_seconds;
      times->refinement += w.refinement_seconds;
    }
  return out;
}

CandidateVolumes candidate_volumes(const ModelOptions& options) {
  CandidateVolumes out;
  if (options.volumes == "voronoi")
    out.kind = VolumeKind::voronoi;
  else if (options.volumes == "none")
    out.kind = VolumeKind::none;
  else if (options.volumes != "laplace")
    throw UserError(fmt::format("--volumes {}: choose laplace, voronoi or none", options.volumes));
  out.voronoi.samples = options.voronoi_samples;
  out.voronoi.translation_weight = options.voronoi_translation_weight;
  out.voronoi.uniform_euler = options.uniform_euler;
  return out;
}

std::vector<double> noise_from_residuals(const std::vector<Assignment>& assignments,
                                         const std::vector<const std::vector<double>*>& components,
                                         const std::vector<double>& previous, bool per_shell, double noise_share,
                                         const std::vector<double>* whole) {
  std::vector<double> sum(previous.size()), count(previous.size());
  for (size_t i = 0; i < assignments.size(); ++i)
    for (size_t s = 0; s < sum.size(); ++s) {
      sum[s] += assignments[i].residual[s];
      count[s] += (*components[i])[s] * noise_share;
    }
  if (whole)
    for (size_t s = 0; s < sum.size(); ++s) {
      const double everything = (*whole)[s] * noise_share * static_cast<double>(assignments.size());
      sum[s] = imputed_variance(sum[s], count[s], everything, previous[s]) * everything;
      count[s] = everything;
    }
  std::vector<double> out(previous);
  double all = 0, number = 0;
  for (size_t s = 1; s < sum.size(); ++s) {
    if (count[s] > 0) out[s] = std::max(sum[s] / count[s], 1e-12);
    all += sum[s];
    number += count[s];
  }
  out[0] = out[1];
  if (!per_shell) out.assign(out.size(), std::max(all / std::max(number, 1.0), 1e-12));
  return out;
}

}  // namespace tessera
