// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/expectation.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/volume/shells.h"

namespace tessera {

double posterior(const std::vector<RefinedPose>& candidates, double floor, bool hard, std::vector<WeightedPose>& out) {
  out.clear();
  std::vector<double> logs;
  double largest = -1e300;
  for (const RefinedPose& c : candidates) {
    logs.push_back(c.score.log_likelihood_ratio() - c.half_log_determinant);
    largest = std::max(largest, logs.back());
  }
  double sum = 0;
  for (const double value : logs) sum += std::exp(value - largest);
  const double evidence = largest + std::log(sum);
  if (hard) {
    out.push_back({candidates.front().pose, 1.0, 0});
    return evidence;
  }
  double kept = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const double g = std::exp(logs[i] - evidence);
    if (g < floor) continue;
    out.push_back({candidates[i].pose, g, 0});
    kept += g;
  }
  for (WeightedPose& p : out) p.probability /= kept;
  std::stable_sort(out.begin(), out.end(),
                   [](const WeightedPose& a, const WeightedPose& b) { return a.probability > b.probability; });
  return evidence;
}

namespace {

// |X − Y|² per shell; beyond the reference's band Y is nothing.
void measure_residual(const ParticleStack& stack, int64_t i, const Aligner& aligner, const Pose& pose,
                      Assignment& out) {
  const ObservedComponents& band = aligner.group(stack.group(i)).components;
  out.residual = stack.prepared(i).shell_power;
  std::fill_n(out.residual.begin(), std::min<size_t>(band.max_shell + 1, out.residual.size()), 0.0);
  add_residual(band, stack.prepared(i).spectrum.data(), aligner.reference(), pose, out.residual);
  out.components = stack.observed(stack.group(i));
}

}  // namespace

std::vector<Assignment> expectation(const ExpectationInput& input, ExecContext& context, const std::string& title,
                                    ExpectationTimes* times) {
  const ParticleStack& stack = input.stack;
  std::vector<Assignment> out(stack.count());
  std::vector<Aligner::Workspace> work(context.threads.count());
  Progress progress(context.sink, title, stack.count());
  std::mutex mutex;
  context.threads.for_each(stack.count(), [&](int64_t i, int worker) {
    if (context.stop_requested()) throw Interrupted("stopped by request");
    const Aligner& aligner = *input.references[input.fold_of[i]];
    std::optional<Pose> prior;
    if (!input.previous.empty()) prior = input.previous[i].poses.front().pose;
    const auto candidates = aligner.align(stack.prepared(i), stack.group(i), prior, -1, work[worker]);
    out[i].correlation = candidates.front().score.correlation();
    out[i].log_likelihood = posterior(candidates, input.posterior_floor, input.hard, out[i].poses);
    if (!std::isfinite(out[i].log_likelihood))
      throw NumericalError(fmt::format("particle {}: the likelihood is not finite", i + 1));
    measure_residual(stack, i, aligner, out[i].poses.front().pose, out[i]);
    std::lock_guard lock(mutex);
    progress.advance();
  });
  for (const Aligner::Workspace& w : work)
    if (times) {
      times->rotation += w.rotation_seconds;
      times->translation += w.translation_seconds;
      times->refinement += w.refinement_seconds;
    }
  return out;
}

std::vector<double> noise_from_residuals(const std::vector<Assignment>& assignments,
                                         const std::vector<double>& previous, bool per_shell, double noise_share) {
  std::vector<double> sum(previous.size()), count(previous.size());
  for (const Assignment& a : assignments)
    for (size_t s = 0; s < sum.size(); ++s) {
      sum[s] += a.residual[s];
      count[s] += a.components[s] * noise_share;
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
