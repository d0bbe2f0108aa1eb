// SPDX-License-Identifier: GPL-3.0-or-later
// The subtomograms of a run, normalised and masked, with their Fourier weights: in memory as far as they fit, the
// others read again whenever they are needed.
#pragma once

#include <functional>
#include <limits>
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
  // Called from several threads, and again for particles that do not fit into memory: the same bits every time. An
  // IoError is a fault of that particle.
  std::function<Volume<float>(int64_t)> load;
  std::vector<FourierWeight> weights;          // one per tilt group; empty: everything observed
  std::vector<int> group;                      // of each particle; empty: all in group 0
  std::function<std::string(int64_t)> name{};  // for messages; empty: "particle 7"
};

struct StackOptions {
  double mask_radius = 0;  // voxels
  // What the particles kept in memory may take.
  double memory_bytes = std::numeric_limits<double>::infinity();
  bool skip_unfit = false;  // leave unfit particles out rather than throw
  bool masked = true;       // otherwise the mask only tells where the background is
  bool whitened = false;    // noise that is uneven within shells is evened out (average/noise_shape.h)
};

// A particle that cannot be averaged.
struct UnfitParticle {
  int64_t index = 0;  // in the source
  std::string why;    // names the particle
  bool unreadable = false;
};

// mask_radius (voxels): each particle is multiplied by a soft sphere of this radius. The background, outside the
// radius, is brought to mean 0 and variance 1 first: in a set of several tilt groups to the share that each lets
// through of a noise which is 1 in the first, so that an observed component has the same noise, and the signal the same
// scale, in all.
//
// The first resident() particles stay in memory, the rest are loaded, normalised and transformed anew at each use, with
// the same bits: which are which depends on the sizes and options.memory_bytes alone. Loading is the caller's: threads
// that ask for different particles load at the same time. Of several ranks each reads, and keeps in memory, the blocks
// that are its own (parallel/blocks.h); what is told of particles they tell each other.
class ParticleStack {
 public:
  // Reads every particle once, and up to 256 of them twice where noise is evened out. Unfit are those that cannot be
  // read (IoError), are constant, hold NaN or infinite voxels or no background: UserError, or IoError if any cannot be
  // read, naming them all; with skip_unfit they are left out, each with a warning, and only a stack without any
  // particle throws. Particles with the same voxels as another get a warning; all alike: UserError.
  ParticleStack(const ParticleSource& source, const StackOptions& options, ExecContext& context);
  ParticleStack(const ParticleSource& source, double mask_radius, ExecContext& context)
      : ParticleStack(source, StackOptions{mask_radius}, context) {}

  int64_t count() const { return static_cast<int64_t>(kept_.size()); }
  std::vector<int64_t> all() const;  // 0 … count() − 1
  int64_t box() const { return box_; }
  double voxel_size_A() const { return voxel_size_A_; }
  double mask_radius() const { return mask_radius_; }
  int group(int64_t i) const { return group_[i]; }
  const FourierWeight& weight(int64_t i) const { return weights_[group_[i]]; }
  std::vector<const FourierWeight*> weights() const;

  // The particle, valid as long as the pointer is kept. Its samples are those of the search given last to sample_for.
  std::shared_ptr<const PreparedParticle> particle(int64_t i) const;
  PaddedSpectrum padded(int64_t i, int64_t max_shell) const;
  // Samples the resident particles on the spheres of a search. Needed whenever the search changes.
  void sample_for(std::shared_ptr<const RotationSearch> search, ExecContext& context);
  const RotationSearch* sampled_for() const { return search_.get(); }

  // No particle from this one on is in memory; with one rank all before it are.
  int64_t resident() const { return resident_; }
  // Which particles of the source these are, and those left out.
  const std::vector<int64_t>& kept() const { return kept_; }
  const std::vector<UnfitParticle>& left_out() const { return left_out_; }

  // Observed components per shell of a tilt group, each counted with the share of σ² that its data hold: 1, or H² where
  // they are premultiplied.
  const std::vector<double>& observed(int group) const { return observed_[group]; }
  // Σ|X|² over the observed components of each shell of a particle.
  const std::vector<double>& shell_power(int64_t i) const { return prepared_[i].shell_power; }
  // Σm²/n³: what share of a box's noise the mask lets through. A masked component has that share of the noise variance,
  // but neighbours are correlated: summed as if independent, they must be given the variance before the mask.
  double noise_share() const { return noise_share_; }
  // Mean over particles of the power of observed components per shell, over noise_share(): an upper bound of the noise
  // variance E|N|² before the mask, and the value EM starts from.
  std::vector<double> observed_variance() const;

 private:
  void describe_weights();
  void read_all(ExecContext& context);
  void whiten(ExecContext& context);
  void remove_unfit(std::vector<UnfitParticle> unfit, ExecContext& context);
  void report_duplicates(ExecContext& context) const;
  std::string name(int64_t source_index) const;
  bool is_resident(int64_t i) const { return prepared_[i].spectrum.size() > 0; }
  void share_what_is_told(const std::vector<int64_t>& mine, std::vector<UnfitParticle>& faults, Comm& comm);
  // Normalised, masked and transformed; a fault's text, or nothing.
  std::string prepare(const Volume<float>& voxels, int group, PreparedParticle& out) const;
  // Read again. IoError when the file is not what it was.
  PreparedParticle loaded(int64_t i) const;
  double spectrum_bytes() const;

  ParticleSource source_;
  StackOptions options_;
  int64_t box_, resident_ = 0;
  double voxel_size_A_, mask_radius_, noise_share_ = 1;
  std::vector<FourierWeight> weights_;
  std::vector<int> group_;
  std::vector<double> transfer_;  // per tilt group, relative to the first
  Volume<float> mask_;
  std::vector<std::vector<double>> observed_;
  std::vector<ObservedComponents> components_;
  std::vector<float> gain_;  // of every component, average/noise_shape.h; empty: 1
  std::vector<int64_t> kept_;
  std::vector<uint64_t> digest_;
  std::vector<UnfitParticle> left_out_;
  std::vector<PreparedParticle> prepared_;  // beyond the resident ones only shell_power
  std::shared_ptr<const RotationSearch> search_;
};

}  // namespace tessera
