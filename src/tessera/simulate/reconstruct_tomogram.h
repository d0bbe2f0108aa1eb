// SPDX-License-Identifier: GPL-3.0-or-later
// A tomogram from a tilt series about y.
#pragma once

#include <string>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/option.h"
#include "tessera/parallel/exec_context.h"
#include "tessera/simulate/view_filter.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct ReconstructionOptions {
  std::string method = "wbp";
  std::string weighting = "ramp";
  int weighting_thickness = 0;
  int sirt_iterations = 20;
  double sirt_relaxation = 1;
  bool phase_flip = true;
  bool dose_weighting = true;
  std::string contrast = "bright";

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"reconstruction", "", "wbp (weighted back-projection), fourier (direct inversion) or sirt",
                 "Reconstruction"},
          method);
    visit(Option{"weighting", "",
                 "ramp, capped (no slice counts for more than its thickness), exact (Harauz & van Heel) or none; for "
                 "wbp and fourier",
                 "Reconstruction"},
          weighting);
    visit(Option{"weighting-thickness", "voxels",
                 "Size of the objects that capped and exact weighting are for; 0: the thickness of the tomogram",
                 "Reconstruction"},
          weighting_thickness);
    visit(Option{"sirt-iterations", "", "Iterations of sirt", "Reconstruction"}, sirt_iterations);
    visit(Option{"sirt-relaxation", "", "Step of sirt, between 0 and 2", "Reconstruction"}, sirt_relaxation);
    visit(Option{"phase-flip", "", "Flip phases first, in strips along the tilt axis", "Reconstruction"}, phase_flip);
    visit(Option{"dose-weighting", "", "Weight each image by what its exposure has left", "Reconstruction"},
          dose_weighting);
    visit(Option{"contrast", "", "bright or dark: how protein appears in the tomogram", "Reconstruction"}, contrast);
  }
  void add_faults(Faults& faults) const;
};

// Relative residual ‖b − P x‖²/‖b‖² of sirt before every iteration and after the last; empty for the others.
struct ReconstructionReport {
  std::vector<double> residuals;
};

// `images` (tilt, y, x) are projections in the geometry of optics/tilt_geometry.h at `tilts` (radians, ascending),
// about pixel x/2; they are filtered in place. The tomogram has their x and y and `thickness` planes, its centre voxel
// at n/2. Values are those of the specimen where the tilts observe it.
//   wbp      V(x, z) = Σ_j q_j(x cos θ_j + z sin θ_j), q_j the rows filtered by view_filters() and read by LineKernel,
//            0 beyond their ends
//   fourier  the same sum in Fourier space: gridded onto (2 thickness) × (2 width) for every y (GriddingKernel) and
//            inverted. Equal to wbp to the accuracy of either interpolation (1e-2 below 0.4 cycles per pixel).
//   sirt     x ← x + λ C Pᵀ R (b − P x), R and C the inverse sums of rows and columns of P (Gregor & Benson 2008), on a
//            slab widened until every ray is inside (at most threefold), from 0
// Rows of an image are padded twofold, from their last value to their first in a straight line.
// Planes of constant y are independent and computed 16 at a time: any number of threads gives the same bits. Memory
// beside images and tomogram: a few MB a thread (sirt: 64 · 3 width · thickness · 3 bytes). Cost per tilt and voxel: 8
// multiply-adds (wbp), twice that per iteration on the wide slab (sirt), about one 2-D FFT per y in all (fourier).
Volume<float> reconstruct_tomogram(Volume<float>& images, const std::vector<double>& tilts, int64_t thickness,
                                   const ReconstructionOptions& options, ExecContext& context,
                                   ReconstructionReport* report = nullptr);

// The three ways; used by reconstruct_tomogram alone.
Volume<float> back_project_filtered(const Volume<float>& images, const std::vector<double>& tilts, int64_t thickness,
                                    ExecContext& context);
Volume<float> invert_fourier(const Volume<float>& images, const std::vector<double>& tilts, int64_t thickness,
                             const ViewFilters& filters, ExecContext& context);
Volume<float> iterate_sirt(const Volume<float>& images, const std::vector<double>& tilts, int64_t thickness,
                           const ReconstructionOptions& options, ExecContext& context, ReconstructionReport* report);
// Filters rows in place (wbp).
void filter_rows(Volume<float>& images, const ViewFilters& filters, ExecContext& context);
// A row of `count` pixels continued to `length` in a straight line from its last value to its first.
void pad_row(const float* row, int64_t count, int64_t length, float* out);

}  // namespace tessera
