// SPDX-License-Identifier: GPL-3.0-or-later
// The subtomograms of a run, normalised and masked, with their Fourier weights.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tessera/align/aligner.h"
#include "tessera/parallel/exec_context.h"

namespace tessera {

// Where particles come from: the pipeline reads files, tests make them.
struct ParticleSource {
  int64_t count = 0, box = 0;
  double voxel_size_A = 1;
  std::function<Volume<float>(int64_t)> load;  // called from several threads
  std::vector<FourierWeight> weights;          // one per tilt group; empty: everything observed
  std::vector<int> group;                      // of each particle; empty: all in group 0
};

// mask_radius (voxels): each particle is multiplied by a soft sphere of this radius. The background, outside the
// radius, is brought to mean 0 and variance 1 first. Throws UserError on a constant or non-finite particle.
class ParticleStack {
 public:
  ParticleStack(const ParticleSource& source, double mask_radius, ExecContext& context);

  int64_t count() const { return static_cast<int64_t>(prepared_.size()); }
  int64_t box() const { return box_; }
  double voxel_size_A() const { return voxel_size_A_; }
  double mask_radius() const { return mask_radius_; }
  int group(int64_t i) const { return group_[i]; }
  const FourierWeight& weight(int64_t i) const { return weights_[group_[i]]; }
  std::vector<const FourierWeight*> weights() const;
  const PreparedParticle& prepared(int64_t i) const { return prepared_[i]; }
  PaddedSpectrum padded(int64_t i, int64_t max_shell) const { return {prepared_[i].spectrum, max_shell}; }
  // Observed components per shell of a tilt group.
  const std::vector<double>& observed(int group) const { return observed_[group]; }

  // Samples every particle on the spheres of a search. Needed whenever the search changes.
  void sample_for(const RotationSearch& search, ExecContext& context);
  // Σm²/n³: what share of a box's noise the mask lets through. A masked component has that share of the noise variance,
  // but neighbours are correlated: summed as if independent, they must be given the variance before the mask.
  double noise_share() const { return noise_share_; }
  // Mean over particles of the power of observed components per shell, over noise_share(): an upper bound of the noise
  // variance E|N|² before the mask, and the value EM starts from.
  std::vector<double> observed_variance() const;

 private:
  int64_t box_;
  double voxel_size_A_, mask_radius_, noise_share_ = 1;
  std::vector<FourierWeight> weights_;
  std::vector<int> group_;
  std::vector<std::vector<double>> observed_;
  std::vector<PreparedParticle> prepared_;
};

}  // namespace tessera
