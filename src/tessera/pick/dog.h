// SPDX-License-Identifier: GPL-3.0-or-later
// Picking by differences of Gaussians: the method of [P] 4.1, and the same at several scales.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tessera/parallel/exec_context.h"
#include "tessera/pick/gaussian_difference.h"
#include "tessera/pick/peaks.h"
#include "tessera/pick/search_region.h"

namespace tessera {

struct DogOptions {
  std::vector<double> sigma_A;
  std::vector<double> diameter_A;
  double ratio = 1.1;
  std::string scale_units = "spread";
  double scale_power = 1;
  std::string threshold = "spread";
  double level = 5;
  double spreads = 1.1;
  double mirror_share = 0.5;
  std::optional<double> distance_A;
  double overlap = 0.65;
  int neighbours = 26;

  template <typename Visitor>
  void describe(Visitor& visit) {
    const char* group = "Difference of Gaussians";
    visit(Option{"diameter", "Å", "Of the particles; several make several scales; 100 140 200 280 if not given", group},
          diameter_A);
    visit(Option{"sigma", "Å", "σ₁ of each scale, instead of diameters", group}, sigma_A);
    visit(Option{"sigma-ratio", "", "K: the wider Gaussian is K σ₁", group}, ratio);
    visit(
        Option{"scale-units", "", "What makes scores of scales comparable: spread (of all values) or contrast", group},
        scale_units);
    visit(Option{"scale-power", "", "Scores of several scales are multiplied by their (radius/largest radius)^this",
                 group},
          scale_power);
    visit(Option{"threshold", "",
                 "spread; mirror (for sparse tomograms: peaks of the opposite contrast tell noise); level (of the "
                 "published method); none",
                 group},
          threshold);
    visit(Option{"spreads", "",
                 "Threshold spread: the least score, in spreads above the median (scale units contrast: of each scale)",
                 group},
          spreads);
    visit(
        Option{
            "mirror-share", "",
            "Threshold mirror: the least score that at most this many peaks of the opposite contrast exceed for every "
            "peak that does",
            group},
        mirror_share);
    visit(Option{"level", "", "Threshold level: m + level (M − m)/20, m and M the lowest and highest peak", group},
          level);
    visit(Option{"distance", "Å", "Drop peaks nearer than this to a higher one; instead of --overlap", group},
          distance_A);
    visit(Option{"overlap", "", "Drop peaks nearer to a higher one than this share of both radii together", group},
          overlap);
    visit(Option{"neighbours", "", "6, 18 or 26: those a peak must exceed", group}, neighbours);
  }
  // [P] 4.1: one scale (σ₁ 70 Å if none is given), level 5, 26 neighbours, no peak dropped for another.
  void set_paper();
  void add_faults(Faults& faults) const;
  // Scales where none are asked for.
  static const std::vector<double>& usual_diameters_A();
  // Neither σ₁ nor diameters given.
  bool any_size() const { return sigma_A.empty() && diameter_A.empty(); }
  // σ₁ of every scale in voxels, ascending.
  std::vector<double> sigmas_voxels(double voxel_size_A) const;
};

// One scale and what its values D were, over the searched voxels.
struct DogScale {
  double sigma_A = 0, radius_A = 0;
  double median = 0;
  double spread = 0;    // median − the quantile below which 15.87 % lie: σ of a gaussian, particles leave it alone
  double skewness = 0;  // > 0: bright things on dark ground; `skewness_error` for as many independent values
  double skewness_error = 0;
  float lowest_peak = 0, highest_peak = 0;  // m, M
  int64_t peaks = 0;                        // all local maxima
  double threshold = 0;                     // in the units of scores
};

struct DogPicks {
  std::vector<Peak> peaks;  // best first; label: index of the scale; radius of the scale
  std::vector<DogScale> scales;
  std::optional<double> mirror;    // the threshold that peaks of the opposite contrast gave
  std::vector<std::string> notes;  // what the user should know
};

// The least of `scores` (any order) that at most `share` times as many of `opposite` reach as of `scores`; above all
// where there is none.
double mirror_threshold(std::span<const Peak> scores, std::span<const Peak> opposite, double share);

// `tomogram` as prepare_search left it. The score of a peak of D at scale s is (r_s/r_max)^scale_power · (D −
// median_s)/ spread_s, or (r_s/r_max)^scale_power · D; peaks of all scales compete in suppress_neighbours. Why, with
// figures: docs/picking.md. UserError: a σ₁ below half a voxel, or Gaussians wider than the tomogram (4 K σ₁ > its
// thickness); scales that were not asked for are left out instead. Memory: as scan_gaussian_difference, and the peaks.
DogPicks pick_by_dog(const Volume<float>& tomogram, const SearchRegion& region, const DogOptions& options,
                     double voxel_size_A, int64_t border_voxels, ExecContext& context);

}  // namespace tessera
