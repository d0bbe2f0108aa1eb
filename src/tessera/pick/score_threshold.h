// SPDX-License-Identifier: GPL-3.0-or-later
// Where scores of what is wanted part from scores of everything else.
#pragma once

#include <span>

namespace tessera {

struct Population {
  double mean = 0, deviation = 0, share = 0;  // normal; the share of all scores
};

struct ScoreThreshold {
  Population clutter, found;  // found.share = 0: nothing stands out from the clutter
  // Above it a score more probably belongs to what was found; where nothing stands out 3.5 deviations above the mean of
  // the clutter; 0 where there are too few scores to tell.
  double threshold = 0;
};

// won: scores of the places that a template holds against all others, of which some are wanted, some clutter. lost:
// those of the places it lost, nearly all clutter. Of these the lower half tells mean and deviation of clutter (a
// normal distribution with their 5th and 25th percentiles; that of `won` where fewer than 20 lost). Clutter that won
// may differ a little: by expectation-maximisation `won` is a mixture of a normal distribution within a deviation of it
// and half to one and a quarter times as wide, and of a free one above. That is told from clutter alone by the Bayesian
// information criterion, if it holds three scores and lies two deviations above
// the clutter that won or the clutter that lost. Cost: about 200 passes over `won`.
ScoreThreshold part_scores(std::span<const float> won, std::span<const float> lost);

}  // namespace tessera
