// SPDX-License-Identifier: GPL-3.0-or-later
// Candidate poses of one particle against one reference: search, shift, refinement.
#pragma once

#include <optional>
#include <string>

#include "tessera/align/rotation_search.h"
#include "tessera/align/translation_search.h"
#include "tessera/base/option.h"

namespace tessera {

enum class SearchMode { phases, magnitudes, both };

struct AlignOptions {
  std::string search = "phases";  // phases | magnitudes | both
  bool mean_removed = true;       // magnitudes: subtract each shell's mean
  double max_shift_voxels = 5;
  int bandwidth = 0;  // 0: from the band limit and the particle's radius, at most max_bandwidth
  int max_bandwidth = 20;
  int candidates = 24;           // rotations kept from the search
  int refined = 6;               // of them, refined at the full band limit
  double separation_deg = 10;    // candidates closer than this are one
  double maxima_window_deg = 0;  // 0: maxima among neighbours on the grid
  bool whole_band = false;       // search all shells of the band limit
  bool refine = true;

  SearchMode mode() const;  // throws UserError on an unknown name
  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"search", "", "Rotation search: phases, magnitudes or both", "Search"}, search);
    visit(Option{"mean-removed", "", "Magnitude search: subtract each shell's mean magnitude", "Search"}, mean_removed);
    visit(Option{"max-shift", "voxels", "Largest distance of a particle from the centre of its box", "Search"},
          max_shift_voxels);
    visit(Option{"bandwidth", "", "Degrees of spherical harmonics in the search; 0 chooses", "Search"}, bandwidth);
    visit(Option{"max-bandwidth", "", "Upper limit of the chosen bandwidth", "Search"}, max_bandwidth);
    visit(Option{"candidates", "", "Rotations kept from the search", "Search"}, candidates);
    visit(Option{"refined", "", "Candidates refined at the full band limit", "Search"}, refined);
    visit(Option{"separation", "degrees", "Candidates nearer than this count as one", "Search"}, separation_deg);
    visit(Option{"maxima-window", "degrees",
                 "Candidates are the greatest scores within this in every Euler angle; 0: among the next grid points",
                 "Search"},
          maxima_window_deg);
    visit(Option{"whole-band", "",
                 "Search rotations with every shell of the band limit, not only those that the bandwidth resolves",
                 "Search"},
          whole_band);
    visit(Option{"refine", "", "Refine candidates off the search grid", "Search"}, refine);
  }
};

// What of a particle does not change from one reference to the next.
struct PreparedParticle {
  HalfSpectrum spectrum;            // centred, of the masked particle
  SphereSamples samples;            // for the search whose grids they were made with
  std::vector<double> shell_power;  // Σ |X|² over the observed components of each shell
};

// One reference, at one band limit and noise level, ready to be searched by many particles. Immutable, thread-safe.
class Aligner {
 public:
  struct Group {  // a tilt group
    const FourierWeight* weight = nullptr;
    ObservedComponents search_components, components;
    std::vector<float> search_power, power;
    AlignedVector<float> phase_denominator;
  };
  // What a thread works with, and the seconds it spent in each stage so far.
  struct Workspace {
    RotationSearch::Workspace search;
    double rotation_seconds = 0;     // search over rotations, with phases: and the grid of translations
    double translation_seconds = 0;  // shifts of the magnitude search's candidates
    double refinement_seconds = 0;   // climbs
  };
  // search: shared grids. band_limit: shells used in refinement; the search uses search.shells() of them.
  // noise_variance: E|N|² of a component, per shell. symmetry: elements of the reference's point group; of poses that
  // differ by one, align gives one. Exact where the reference has the symmetry: they all look the same.
  Aligner(const RotationSearch& search, const PaddedSpectrum& reference,
          const std::vector<const FourierWeight*>& weights, int64_t band_limit, std::vector<double> noise_variance,
          const AlignOptions& options, std::vector<Rotation> symmetry = {});

  // Poses best first by correlation; never empty. `prior`: a pose from an earlier iteration, always among the
  // candidates; translations are then searched only within `prior_radius` voxels of its shift, if that is not negative.
  std::vector<RefinedPose> align(const PreparedParticle& particle, int group, const std::optional<Pose>& prior,
                                 double prior_radius, Workspace& work) const;
  PoseScore score(const PreparedParticle& particle, int group, const Pose& pose) const;
  // Climb to the nearest maximum only.
  RefinedPose refine(const PreparedParticle& particle, int group, const Pose& start) const;

  const PaddedSpectrum& reference() const { return reference_; }
  const Group& group(int index) const { return groups_[index]; }
  const std::vector<double>& noise_variance() const { return noise_variance_; }

 private:
  std::vector<Pose> candidates(const PreparedParticle& particle, int group, const std::optional<Pose>& prior,
                               double prior_radius, Workspace& work) const;

  const RotationSearch& search_;
  const PaddedSpectrum& reference_;
  AlignOptions options_;
  std::vector<double> noise_variance_;
  std::vector<Rotation> symmetry_;
  std::vector<float> shell_weight_;
  RotationSearch::Reference harmonics_;
  std::vector<Group> groups_;
};

// The bandwidth that resolves `shell` on a particle of `radius_voxels` in a box: l ≈ 2π·radius·shell/box, with a
// margin.
int bandwidth_for(double radius_voxels, int64_t shell, int64_t box, int max_bandwidth);

// What a search can use of a band limit: as many shells as max_bandwidth resolves on the particle. The rest of the band
// serves the refinement: measured, a search of fewer shells finds as many poses at a quarter of the cost.
struct SearchGrid {
  int64_t shells = 0;
  int bandwidth = 0;
  bool operator==(const SearchGrid&) const = default;
};
SearchGrid search_grid(int64_t box, int64_t band_limit, double radius_voxels, const AlignOptions& options);

// The grids themselves; translations leave no point further than 0.3 wavelengths of the last shell.
RotationSearch make_search(int64_t box, const SearchGrid& grid, const AlignOptions& options);

}  // namespace tessera
