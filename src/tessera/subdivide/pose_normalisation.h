// SPDX-License-Identifier: GPL-3.0-or-later
// Boxes brought into a standard pose by the moments of what a level set takes for the particle (Xu et al. 2015, "De
// novo visual proteomics in single cells through pattern mining").
#pragma once

#include "tessera/nn/examples.h"
#include "tessera/parallel/exec_context.h"
#include "tessera/subdivide/points.h"

namespace tessera {

struct PoseNormalisationOptions {
  double smoothing_voxels = 2;  // of the level set: σ of the Gaussian that keeps its boundary short
  int iterations = 30;
};

// The part of the box inside the level set that divides it best into two constants (Chan & Vese 2001), protein bright;
// started from sign(v − mean |v|). Its length term is a Gaussian smoothing of the set at every step.
Volume<float> level_set_part(const Volume<float>& box, const PoseNormalisationOptions& options);

// The box turned and moved so that the part's centre of mass lies at voxel n/2 and its principal axes, by falling
// second moment, along x, y, z. The published method leaves the axes' signs open; here the third moments along x and y
// are positive and the frame is right-handed.
Volume<float> pose_normalised(const Volume<float>& box, const PoseNormalisationOptions& options);

// Every box in its standard pose, binned by two: one row each.
Points pose_normalised_boxes(const ExampleSource& source, const PoseNormalisationOptions& options,
                             ExecContext& context);

}  // namespace tessera
