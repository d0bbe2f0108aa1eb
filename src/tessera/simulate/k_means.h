// SPDX-License-Identifier: GPL-3.0-or-later
// k-means clustering of points in space ([P] Eq. 1–2; Lloyd 1982).
#pragma once

#include <vector>

#include "tessera/base/vec3.h"
#include "tessera/parallel/threads.h"

namespace tessera {

struct KMeansOptions {
  int clusters = 3;
  int restarts = 10;            // independent starts; the one of least inertia is kept
  int iterations = 300;         // upper limit of one start
  bool careful_seeding = true;  // k-means++ (Arthur & Vassilvitskii 2007); else k points at random, as [P]
};

struct KMeans {
  std::vector<Vec3> centres;     // mean of their points, in order of their x, then y, then z
  std::vector<int32_t> cluster;  // of each point
  double inertia = 0;            // Σ |x − centre|² over the points
  int iterations = 0;            // of the start that was kept
  bool converged = false;        // the last iteration moved no point
};

// Every cluster holds at least one point. The same result for any number of threads: start s draws from
// Random(seed, "k-means", s). UserError: fewer distinct points than clusters. Oracle: tests/reference/clusters.h.
// Cost: restarts · iterations · points · clusters distances, about 10⁹ a second and core.
KMeans k_means(const std::vector<Vec3>& points, const KMeansOptions& options, uint64_t seed, Threads& threads);

}  // namespace tessera
