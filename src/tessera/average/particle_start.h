// SPDX-License-Identifier: GPL-3.0-or-later
// Single particles as the first references.
#pragma once

#include "tessera/average/starter.h"

namespace tessera {

// For each of options.starts starts, as many particles as there are classes, drawn by the seed, serve as references for
// a sample of options.start_particles a class; options.start_iterations follow at the initial band limit, and the start
// with the highest mean squared correlation (twice the log-likelihood at the best scale) is kept. Then, with several
// classes, each class is begun again in the same way from its own particles alone, options.class_starts times with
// options.class_start_iterations, and takes the poses whose correlations are higher than those it came with: a start of
// several classes must be lucky with all of them at once, and a few iterations leave GroEL a barrel without its
// seven-fold. fresh: start.h. references: to be built anew before they are used again.
AverageState particle_start(const StartInputs& inputs, const AverageState& fresh, ReferenceSet& references,
                            ExecContext& context);

struct TriedStart {
  AverageState state;
  double score = -1;     // mean squared correlation
  double agreement = 1;  // of the classes of all that were tried (report_agreement)
};
// The best of `starts` from particles of the pool, drawn by `random`, with all of the pool aligned to it. of_class: for
// messages.
TriedStart best_start(const StartInputs& inputs, const AverageState& fresh, const std::vector<int64_t>& pool,
                      int starts, const std::string& of_class, Random& random, ReferenceSet& references,
                      ExecContext& context);

// Tells, and returns, the mean adjusted Rand index of the classes that several starts ended in; 1 of a single one.
double report_agreement(const std::vector<std::vector<int>>& labels, Sink& sink);

}  // namespace tessera
