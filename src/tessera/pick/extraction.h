// SPDX-License-Identifier: GPL-3.0-or-later
// Subtomograms: boxes cut out of a tomogram about given places.
#pragma once

#include <optional>
#include <string>

#include "tessera/base/errors.h"
#include "tessera/base/option.h"
#include "tessera/base/random.h"
#include "tessera/volume/tomogram.h"

namespace tessera {

struct ExtractionOptions {
  int box = 64;
  int bin = 1;
  bool subvoxel = false;
  std::string border = "mean";
  std::string normalise = "box";
  std::optional<double> background_diameter_A;
  std::string contrast = "bright";

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"box", "voxels", "Edge of the subtomograms, even; after binning", "Boxes"}, box);
    visit(Option{"bin", "", "Make voxels this many times as large, by a cut in Fourier space", "Boxes"}, bin);
    visit(Option{"subvoxel", "",
                 "Move particles by the fraction of a voxel to the centre of their box (Fourier shift); otherwise "
                 "voxels are copied as they are and the fraction is kept as the particle's origin",
                 "Boxes"},
          subvoxel);
    visit(Option{"border", "",
                 "What is taken for voxels beyond the tomogram: mean or noise (of those inside); drop leaves such "
                 "particles out",
                 "Boxes"},
          border);
    visit(Option{"normalise", "",
                 "To mean 0 and standard deviation 1: box, background (outside a sphere) or none (as they are)",
                 "Voxels"},
          normalise);
    visit(Option{"background-diameter", "Å",
                 "The background lies outside a sphere of this; three quarters of the box "
                 "if not given",
                 "Voxels"},
          background_diameter_A);
    visit(Option{"contrast", "", "bright or dark: how protein appears in the tomogram; dark is inverted", "Voxels"},
          contrast);
  }
  void add_faults(Faults& faults) const;
};

struct ExtractedBox {
  Volume<float> voxels;  // box³
  Vec3 place;            // voxel of the tomogram at the box's centre voxel: whole numbers, unless options.subvoxel
  Vec3 offset;           // where the centre lies from there, in voxels of the tomogram; 0 with options.subvoxel
  double outside = 0;    // share of the box that lies beyond the tomogram
  std::string fault;     // empty, or why it cannot be used: voxels not finite, no background, all voxels the same
};

// The box about `centre` (voxels of the tomogram, from 0), which must lie in the tomogram. Its centre voxel box/2 is
// the voxel of the tomogram nearest to `centre`; with options.subvoxel, `centre` itself. bin: what lies within box·bin
// voxels, band-limited to the new Nyquist frequency (volume/fourier.h: resize_spectrum), with a margin of at least 8
// new voxels all around, so that nothing wraps round. Mean and deviation are those of the voxels inside the tomogram.
// `random` fills the border where it is noise. Cost: box·bin rows read; two transforms of the box where it is binned or
// moved.
ExtractedBox extract_box(const Tomogram& tomogram, Vec3 centre, const ExtractionOptions& options, Random random);

// The share of that box beyond the tomogram, nothing read.
double share_outside(const Shape3& tomogram, Vec3 centre, const ExtractionOptions& options);

}  // namespace tessera
