// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/match_selection.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tessera/pick/peaks.h"
#include "tessera/pick/score_threshold.h"

namespace tessera {
namespace {

Peak as_peak(const Match& match, double score) {
  return {match.position_voxels, static_cast<float>(score), match.radius_voxels, match.label, 0};
}

void sort_by_evidence(MatchResult& result) {
  std::vector<double> trials;
  for (const MatchReport& report : result.templates) trials.push_back(std::log(report.independent_rotations));
  const auto evidence = [&](const Match& match) {
    return 0.5 * std::copysign(match.score * match.score, match.score) - trials[match.label];
  };
  std::sort(result.matches.begin(), result.matches.end(), [&](const Match& a, const Match& b) {
    return better_peak(as_peak(a, evidence(a)), as_peak(b, evidence(b)));
  });
}

void sort_by_score(std::vector<Match>& matches) {
  std::sort(matches.begin(), matches.end(),
            [](const Match& a, const Match& b) { return better_peak(as_peak(a, a.score), as_peak(b, b.score)); });
}

std::vector<uint8_t> winners(const std::vector<Match>& matches, const std::vector<TemplateBody>& bodies,
                             double overlap) {
  std::vector<PlacedBody> placed;
  for (const Match& match : matches) placed.push_back({match.position_voxels, match.particle_from_ref, match.label});
  std::vector<uint8_t> out(matches.size());
  for (const int64_t i : take_apart(placed, bodies, overlap)) out[i] = 1;
  return out;
}

void keep_only(std::vector<Match>& matches, const std::vector<uint8_t>& kept) {
  size_t to = 0;
  for (size_t i = 0; i < matches.size(); ++i)
    if (kept[i]) matches[to++] = matches[i];
  matches.resize(to);
}

void raise_thresholds(MatchResult& result, const std::vector<uint8_t>& won) {
  for (size_t t = 0; t < result.templates.size(); ++t) {
    MatchReport& report = result.templates[t];
    std::vector<float> taken, dropped;
    for (size_t i = 0; i < result.matches.size(); ++i)
      if (result.matches[i].label == static_cast<int32_t>(t))
        (won[i] ? taken : dropped).push_back(result.matches[i].score);
    const ScoreThreshold parted = part_scores(taken, dropped);
    report.clutter_mean = parted.clutter.mean;
    report.clutter_deviation = parted.clutter.deviation;
    // Where what stands out from the clutter is more than noise reaches, noise has its part in the clutter.
    const bool found = parted.found.share > 0 && parted.found.mean > report.threshold;
    report.found_mean = found ? parted.found.mean : 0;
    report.found_share = found ? parted.found.share : 0;
    report.threshold = found ? parted.threshold : std::max(report.threshold, parted.threshold);
  }
}

}  // namespace

double noise_score(double trials, double false_positives) {
  double low = 0, high = 20;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (trials * 0.5 * std::erfc(middle / std::numbers::sqrt2) > false_positives ? low : high) = middle;
  }
  return low;
}

void select_matches(MatchResult& result, const std::vector<TemplateBody>& bodies, double overlap, int64_t keep,
                    bool automatic) {
  std::vector<Match>& matches = result.matches;
  sort_by_evidence(result);
  if (keep == 0 && automatic) raise_thresholds(result, winners(matches, bodies, overlap));
  if (keep == 0)
    std::erase_if(matches, [&](const Match& match) { return match.score < result.templates[match.label].threshold; });
  keep_only(matches, winners(matches, bodies, overlap));
  if (keep > 0 && std::ssize(matches) > keep) matches.resize(keep);
  sort_by_score(matches);
}

}  // namespace tessera
