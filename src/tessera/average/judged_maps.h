// SPDX-License-Identifier: GPL-3.0-or-later
// What a run and a single average have in common: folds, masks, and the maps of a class from its sums.
#pragma once

#include "tessera/average/options.h"
#include "tessera/average/state.h"

namespace tessera {

// Folds that the particles are dealt into: those of the options, at least one for each half-set.
int fold_count(int64_t particles, const AverageOptions& options);

// Which fold each particle belongs to: a permutation keyed by the seed, folds of equal size.
std::vector<int> deal_folds(int64_t count, int folds, uint64_t seed);

// Radius (voxels) of the mask on particles: as large as boxes and shifts allow, or from the options.
double stack_mask_radius(int64_t box, double voxel_size_A, const AverageOptions& options);

// completed: the sums that the model's average comes from; the half maps hold only what was observed.
AverageMaps maps_of(const FoldSums& sums, const FoldSums& completed, const Resolution& resolution,
                    const ParticleStack& stack);

// Adds the FSC of the half maps inside the mask, corrected for it, and its resolution.
void judge(AverageMaps& maps, const Volume<float>& mask, const ParticleStack& stack, uint64_t seed);

// Radius (voxels) that holds the particle, at most outer_radius (maximisation.h), for shifts up to the options' limit,
// which are 0.77 of it, root mean square.
double radius_of(const FoldSums& sums, const Resolution& resolution, double outer_radius, const ParticleStack& stack,
                 const AverageOptions& options);

}  // namespace tessera
