// SPDX-License-Identifier: GPL-3.0-or-later
// Search of all rotations of a reference against one particle, by magnitudes or with phases.
#pragma once

#include <memory>
#include <vector>

#include "tessera/align/fourier_weight.h"
#include "tessera/align/padded_spectrum.h"
#include "tessera/align/pose_score.h"
#include "tessera/so3/correlator.h"

namespace tessera {

// Samples of the weighted particle H·X on shells 1 … shells, half of each sphere (longitudes 0 ≤ φ < π), order
// [shell][latitude][longitude]; the other half are conjugates. Depends on the particle alone: made once.
using SphereSamples = AlignedVector<std::complex<float>>;

// Everything about the grids, shared by all particles and threads. Immutable.
//
// With phases: for each translation t of a grid, C₀(R; t) = Σ_s (s²/σ²_s) ∫ Re(H X e^{2πi k·t/n} conj(A(R⁻¹k))) dΩ.
// Since F(−k) = conj F(k), this is the correlation of the real functions Re F + Im F (Hartley transforms), one real
// SO(3) correlation. With magnitudes: |H X| and |A| in their place, no translation ([F] Eq. 1–2).
// Both are divided by √C₁(R), C₁(R) = Σ_s (s²/σ²_s) ∫ H² |A(R⁻¹k)|² dΩ, which no particle enters.
class RotationSearch {
 public:
  // translations: the shifts (voxels) tried with phases.
  RotationSearch(int64_t box, int bandwidth, int shells, std::vector<Vec3> translations);

  int bandwidth() const { return transform_.bandwidth(); }
  int shells() const { return transform_.shells(); }
  const So3Correlator& correlator() const { return correlator_; }
  const SphereTransform& transform() const { return transform_; }
  const std::vector<Vec3>& translations() const { return translations_; }

  size_t sample_count() const { return x_.size() * static_cast<size_t>(shells()); }
  SphereSamples sample_particle(const PaddedSpectrum& particle, const FourierWeight& weight) const;

  struct Reference {
    So3Correlator::Reference phases, magnitudes, power;
  };
  // mean_removed: each shell's mean is subtracted from the magnitudes, as in search_magnitudes.
  Reference prepare_reference(const PaddedSpectrum& reference, bool mean_removed = true) const;

  // √C₁ on the grid of rotations, for one tilt group: cache it per (group, reference).
  AlignedVector<float> denominator(const FourierWeight& weight, const Reference& reference,
                                   const std::vector<float>& shell_weight) const;

  struct Workspace {
    SphereTransform::Workspace transform;
    So3Correlator::Workspace correlate;
    ShellHarmonics harmonics;
    AlignedVector<float> samples, scores, best;
    std::vector<int16_t> best_translation;
  };
  // Harmonics of the Hartley transform of a particle moved by −translations()[index]; of H².
  void shifted_harmonics(const SphereSamples& particle, int index, ShellHarmonics& out, Workspace& work) const;
  ShellHarmonics weight_harmonics(const FourierWeight& weight) const;
  struct Candidate {
    Rotation particle_from_ref;
    Vec3 shift_voxels;  // of the translation grid; 0 in the magnitude search
    float score = 0;    // C₀/√C₁
  };
  // The best local maxima, at least `separation` radians apart, best first. A maximum exceeds its 26 neighbours on the
  // grid, and the mean by a standard deviation; with a `window` above 0 (radians) it exceeds every grid point within
  // the window in all three Euler angles (periodic, over the poles), however low it is ([F] 2.1). `translation_subset`:
  // indices to try; empty means all of them. `symmetry`: of the reference; rotations that differ by an element of that
  // group look the same, and count as one.
  std::vector<Candidate> search_phases(const SphereSamples& particle, const Reference& reference,
                                       const AlignedVector<float>& denominator, const std::vector<float>& shell_weight,
                                       const std::vector<int>& translation_subset, int count, double separation,
                                       Workspace& work, double window = 0,
                                       const std::vector<Rotation>& symmetry = {}) const;
  // mean_removed: subtract each shell's observed mean magnitude first, which is most of a noisy particle's |X|.
  std::vector<Candidate> search_magnitudes(const SphereSamples& particle, const FourierWeight& weight,
                                           const Reference& reference, const AlignedVector<float>& denominator,
                                           const std::vector<float>& shell_weight, bool mean_removed, int count,
                                           double separation, Workspace& work, double window = 0,
                                           const std::vector<Rotation>& symmetry = {}) const;

 private:
  template <typename Visit>
  void for_each_sample(Visit&& visit) const;
  template <typename Sample>
  ShellHarmonics harmonics_of(Sample&& sample, SphereTransform::Workspace& work) const;
  std::vector<Candidate> peaks(const Workspace& work, int count, double separation, double window,
                               const std::vector<Rotation>& symmetry) const;
  bool greatest_within(const AlignedVector<float>& scores, int64_t index, int reach) const;

  int64_t box_;
  SphereTransform transform_;
  So3Correlator correlator_;
  std::vector<Vec3> translations_;
  std::vector<float> x_, y_, z_;                            // unit directions of the half sphere, [latitude][longitude]
  std::vector<AlignedVector<std::complex<float>>> phases_;  // e^{2πi k·t/n} per translation, as SphereSamples
};

// Points of a body-centred cubic lattice inside a ball, the origin first, then outwards. No point well inside the ball
// is further than `covering_radius` from one of them; that lattice needs the fewest points for it.
std::vector<Vec3> translation_ball(double radius, double covering_radius);

}  // namespace tessera
