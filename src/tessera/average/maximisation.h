// SPDX-License-Identifier: GPL-3.0-or-later
// The M-step: from particles and the probabilities of their poses to maps, their resolution and their filter.
#pragma once

#include <vector>

#include "tessera/average/accumulator.h"
#include "tessera/average/particle_stack.h"

namespace tessera {

struct WeightedPose {
  Pose pose;
  double probability = 1;
  int class_index = 0;
  double log_likelihood = 0;        // cross − ½ power, of the pose alone
  double half_log_determinant = 0;  // of its peak
};

// The particles are dealt into folds; fold f belongs to half-set f mod 2. With at least two folds a particle can be
// aligned to an average that it is not part of, which removes the pull towards its own noise.
struct FoldSums {
  std::vector<Accumulator> folds;
  Accumulator all() const;
  Accumulator half(int which) const;  // 0 or 1
  Accumulator without(int fold) const;
  // The folds of the same half-set as `fold`, itself left out (kept when it is the only one).
  Accumulator half_without(int fold) const;
};

// The sums of every class. poses[i]: the poses of particle i with probabilities. Shells beyond max_shell stay empty.
// Every thread sums its own planes over the particles in order, so that the number of threads changes no bit.
std::vector<FoldSums> accumulate(const ParticleStack& stack, const std::vector<std::vector<WeightedPose>>& poses,
                                 const std::vector<int>& fold_of, int folds, int classes, int64_t max_shell,
                                 ExecContext& context);

// The maps of the half-sets of one class in all shells, not masked, and their mean weight in each shell.
struct HalfMaps {
  Volume<float> map[2];
  std::vector<double> weight[2];
};
HalfMaps half_maps(const FoldSums& sums);
// Their FSC inside the mask; 0 in shells that either has nothing in (there is only what the mask leaks into them).
std::vector<double> half_set_fsc(const HalfMaps& halves, const Volume<float>& mask);

// Resolution of one class from its half-sets.
struct Resolution {
  std::vector<double> fsc;    // per shell, inside the mask
  std::vector<double> ridge;  // σ²/τ² per shell, in units of the accumulated weight
  double crossing_shell = 1;  // where the FSC falls below 0.143
};
// ridge = mean half-set weight · (1 − FSC)/FSC (Scheres 2012, eq. 9 with the FSC for τ²); wiener = false: `share` of
// that weight, to bound components hardly observed.
Resolution measure_resolution(const HalfMaps& halves, const Volume<float>& mask, bool wiener, double share = 1e-3);
Resolution measure_resolution(const FoldSums& sums, const Volume<float>& mask, bool wiener, double share = 1e-3);
// The same from the FSC of two halves of one kind and their mean weight in each shell.
Resolution resolution_of(std::vector<double> fsc, const std::vector<double>& half_weight, bool wiener,
                         double share = 1e-3);

// The map of some sums in all shells, with a ridge just large enough to bound unobserved components; not masked.
Volume<float> unfiltered_map(const Accumulator& sums);

// The map of some sums: solved with the ridge, back in real space, not masked.
Volume<float> solved_map(const Accumulator& sums, const Resolution& resolution, int64_t max_shell);

// The reference that particles of `fold` are aligned to, their own fold left out: from both half-sets up to
// `join_shell`, from their own half-set beyond, so that the half-sets stay independent where resolution is decided.
// With a mean: pulled to it by the ridge instead of to nothing.
HalfSpectrum fold_reference(const FoldSums& sums, int fold, const std::vector<double>& ridge, int64_t join_shell,
                            int64_t max_shell, const HalfSpectrum* mean = nullptr);

// Mean power of noise at each radius (voxels) of an average, relative to its centre: particles carry a soft mask of
// `mask_radius`, and their shifts of about `typical_shift` blur its edge.
std::vector<double> background_profile(int64_t box, double mask_radius, double typical_shift);

// Radius in voxels that holds the particle, at most `outer_radius`, from two maps of it made from different particles
// (a map without noise is given twice): the last at which their mean product exceeds the background by half of it and
// by 1 % of the greatest; a margin of two voxels is added. Aligned to a common reference, two halves agree a little in
// pure noise: the background is the least product in the outer half, and has the shape `background` (empty: flat).
double particle_radius(const Volume<float>& map, const Volume<float>& other, double outer_radius,
                       std::vector<double> background = {});
// The same from the mean product of the two at each radius 0, 1, … voxels.
double radius_of_product(std::vector<double> product, double outer_radius, std::vector<double> background = {});

}  // namespace tessera
