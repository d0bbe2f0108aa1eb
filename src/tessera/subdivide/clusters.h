// SPDX-License-Identifier: GPL-3.0-or-later
// Points into clusters.
#pragma once

#include "tessera/parallel/threads.h"
#include "tessera/subdivide/points.h"

namespace tessera {

struct ClusterOptions {
  int clusters = 100;
  int restarts = 10;     // independent starts; the best is kept
  int iterations = 300;  // upper limit of one start
};

struct Clusters {
  std::vector<int> cluster;    // of each point, from 0, in order of falling size
  std::vector<int64_t> sizes;  // falling
  Points centres;
  double inertia = 0;  // Σ |x − centre|²
};

// Lloyd's k-means from k-means++ starts (Arthur & Vassilvitskii 2007); a cluster that empties takes the point farthest
// from its centre. No cluster is empty. UserError: more clusters than distinct points, fewer than one. The same result
// for any number of threads: start s draws from Random(seed, "clusters", s). Cost: restarts · iterations · points ·
// clusters · dimensions. Oracle: every assignment is the nearest centre, every centre the mean of its points; all
// partitions of a few points (clusters_test.cc).
Clusters k_means_clusters(const Points& points, const ClusterOptions& options, uint64_t seed, Threads& threads);

struct Mixture {
  Clusters clusters;  // each point to its likeliest component
  double log_likelihood = 0, bic = 0;
  int64_t parameters = 0;
};
// A mixture of Gaussians with diagonal covariances by EM, from k-means; variances have a floor of 1e-3 of the mean
// variance. BIC = parameters · ln n − 2 ln L (Schwarz 1978): the least is the best. Errors as k_means_clusters.
// Components that end without a point of their own are left out of the clusters. The likelihood never falls (tested).
Mixture gaussian_mixture(const Points& points, const ClusterOptions& options, uint64_t seed, Threads& threads,
                         std::vector<double>* log_likelihoods = nullptr);
// The mixture of least BIC among those of 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, … components, at most options.clusters.
Mixture best_mixture(const Points& points, const ClusterOptions& options, uint64_t seed, Threads& threads);

}  // namespace tessera
