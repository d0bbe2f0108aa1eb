// SPDX-License-Identifier: GPL-3.0-or-later
// How much memory averaging takes, told before it starts.
#pragma once

#include <algorithm>

#include "tessera/average/options.h"

namespace tessera {

struct MemoryRequest {
  int64_t box = 0, particles = 0;
  int groups = 1;  // distinct Fourier weights
  int threads = 1;
  double voxel_size_A = 0;  // 0: unknown, a mask's diameter in voxels with it
  int ranks = 1;
};

// Bytes. Upper bounds at the highest band limit and the finest search that the options allow.
struct MemoryEstimate {
  double particle = 0;    // spectrum and samples of one that stays in memory
  double records = 0;     // of all particles: poses, likelihoods, powers
  double weights = 0;     // of all tilt groups
  double references = 0;  // of all classes and folds, ready to be searched
  double sums = 0;        // of the M-step, and what is made of them
  double workspaces = 0;  // of the threads, and the particles the M-step works on at a time
  double start = 0;       // of the marginal start, freed before the first iteration
  double class_ends = 0;  // of one class over all poses, once references and workspaces are freed
  double program = 0;
  double fixed() const {
    return records + weights + program + std::max(start, sums + std::max(class_ends, references + workspaces));
  }
};
MemoryEstimate estimate_memory(const MemoryRequest& request, const AverageOptions& options);

}  // namespace tessera
