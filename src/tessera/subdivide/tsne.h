// SPDX-License-Identifier: GPL-3.0-or-later
// A map of points in the plane for the eye.
#pragma once

#include "tessera/parallel/exec_context.h"
#include "tessera/subdivide/points.h"

namespace tessera {

struct TsneOptions {
  double perplexity = 30;  // lowered to a fifth of the points where they are few
  int iterations = 500;
  double exaggeration = 12;  // of attraction, in the first quarter of the iterations
};

// t-SNE (van der Maaten & Hinton 2008; gains and momenta as there). Attraction along the 3·perplexity nearest
// neighbours of each point, repulsion summed over all pairs: with single-precision arithmetic over rows of memory the
// sum of 10⁴ points costs 0.1 s and needs no tree. Returns count × 2. From Random(seed, "t-SNE"); the same for any
// number of threads. Needs 4 points: UserError. Memory 3·perplexity·count; time count² · (dimensions + 2·iterations).
Points tsne(const Points& points, const TsneOptions& options, ExecContext& context);

// Conditional probabilities p_{j|i} over the given squared distances at that perplexity (2 to the entropy): by
// bisection of the width. Sums to 1.
std::vector<double> neighbour_probabilities(const std::vector<double>& squared_distances, double perplexity);

}  // namespace tessera
