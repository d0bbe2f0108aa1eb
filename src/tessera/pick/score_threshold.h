// SPDX-License-Identifier: GPL-3.0-or-later
// Where scores of what is wanted part from scores of everything else.
#pragma once

#include <span>

namespace tessera {

// A mixture of two normal populations, or one.
struct TwoPopulations {
  bool two = false;
  double low_mean = 0, low_deviation = 0;    // of all where there is but one
  double high_mean = 0, high_deviation = 0;  // 0 where there is but one
  double high_share = 0;
  // Above it a score more probably belongs to the upper population; with one population, four deviations above the
  // mean.
  double threshold = 0;
};

// Expectation-maximisation from a split at the valley that Otsu's (1979) criterion finds; both deviations at least a
// fifth of that of all. Two populations are told where the Bayesian information criterion favours them over one
// their means are further apart than twice the root mean square of their deviations, and each holds five. Fewer than 20
// scores: one population. Cost: about 100 passes over the scores.
TwoPopulations part_scores(std::span<const float> scores);

}  // namespace tessera
