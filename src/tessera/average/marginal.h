// SPDX-License-Identifier: GPL-3.0-or-later
// Expectation–maximisation over every pose of a grid, no candidates: for the resolutions at which a reference-free
// average begins, and where no single pose of a particle stands out.
#pragma once

#include "tessera/align/rotation_search.h"
#include "tessera/average/maximisation.h"

namespace tessera {

// Real functions on shells 1 … S in the order that the correlator reads; for a map, the harmonics of its Hartley
// transform Re F + Im F (RotationSearch).
using ShellMap = So3Correlator::Reference;

// Normal equations of one class: numerator = Σ_i Σ_{R,t} g_i(R,t) R⁻¹(H X e^{2πi k·t/n}), weight = Σ g R⁻¹(H²).
struct MarginalSums {
  ShellMap numerator, weight;
  // What the averaging over poses leaves of the noise of the particles (So3Correlator::add_retained), summed over them;
  // noise at different translations of the grid counts as independent.
  AlignedVector<std::complex<float>> retained;
  void add(const MarginalSums& other, float sign = 1);
  void scale(float factor);
};

// What the E-step says of one particle.
struct MarginalParticle {
  double log_evidence = 0;          // log Σ prior·exp(LL), the prior uniform over rotations and translations
  double effective_poses = 1;       // exp(entropy), of grid points (rotation × translation)
  double rotation_information = 0;  // nats: how far the posterior of the rotation alone is from uniform
  int64_t best_rotation = 0;        // index into the correlator's grid
  int best_translation = 0;         // index into the search's translations
  int best_class = 0;
  std::vector<double> class_probability;
  std::vector<double> translation_probability;  // of every translation of the search; 0 where it was not looked at
};

// The log-likelihood of a pose on the grid is LL(R,t) = C₀(R;t) − ½C₁(R) (RotationSearch), that of pose_score.h up to
// the interpolation. The posterior is g ∝ prior · exp(LL), summed over the whole grid with quadrature weights.
// Immutable, thread-safe. One particle and class costs per translation: one analysis, one correlation, and where the
// translation's posterior exceeds 1e-4 one adjoint correlation.
class MarginalModel {
 public:
  // noise_variance: E|N|² of a component per shell, from shell 0.
  MarginalModel(const RotationSearch& search, const std::vector<const FourierWeight*>& weights,
                const std::vector<double>& noise_variance);

  const RotationSearch& search() const { return search_; }
  int shells() const { return search_.shells(); }
  const std::vector<float>& shell_weight() const { return shell_weight_; }

  struct Reference {
    ShellMap map;
    std::vector<float> shell_weight;               // s²/(σ² T)
    std::vector<AlignedVector<float>> half_power;  // ½C₁ on the grid of rotations, per tilt group
  };
  // Log-likelihoods with it are divided by the temperature T.
  Reference reference(const ShellHarmonics& map, double temperature = 1) const;
  MarginalSums no_sums() const;  // retained stays empty until something is added

  struct Workspace {
    RotationSearch::Workspace search;
    std::vector<int> looked_at;           // translations
    std::vector<ShellHarmonics> shifted;  // per translation looked at
    AlignedVector<float> posterior;       // [class][translation looked at][rotation]
    std::vector<double> mass;             // [class][translation looked at], summed over rotations
    AlignedVector<float> rotations;       // summed over translations
    So3Correlator::Moments moments;
  };
  // references: one per class. log_prior: per class; one of −∞ is not looked at. translations: indices of those to look
  // at, the others having a posterior of 0; none: all. sums: per class; the particle's own are stored (not added)
  // there. Without sums (null) the M-step is left out.
  MarginalParticle expect(const SphereSamples& particle, int group, const std::vector<Reference>& references,
                          const std::vector<double>& log_prior, const std::vector<int>& translations,
                          std::vector<MarginalSums>* sums, Workspace& work) const;

  // `count` poses drawn from the posterior that `work` holds after expect (systematic sampling), those drawn again
  // merged, the likeliest pose of the grid first.
  std::vector<WeightedPose> draw(const MarginalParticle& said, int count, Random& random, const Workspace& work) const;

  // numerator/(weight + ridge) point by point; ridge per shell (index 0 is shell 1). Weights below 0 count as 0.
  ShellHarmonics solve(const MarginalSums& sums, const std::vector<double>& ridge) const;
  // Mean of a function over each shell.
  std::vector<double> shell_mean(const ShellMap& map) const;

 private:
  // |A|² of a map given by its Hartley transform.
  ShellHarmonics power_of(const ShellHarmonics& map) const;

  const RotationSearch& search_;
  std::vector<float> shell_weight_;
  std::vector<ShellHarmonics> seen_;  // H² of each tilt group
};

}  // namespace tessera
