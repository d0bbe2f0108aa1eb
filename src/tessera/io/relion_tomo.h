// SPDX-License-Identifier: GPL-3.0-or-later
// Lists of RELION 4 and 5, whose particles belong to tilt series, brought to the columns of 3.1.
#pragma once

#include <optional>

#include "tessera/base/shape.h"
#include "tessera/io/particles.h"

namespace tessera {

// The tomogram that rlnCenteredCoordinate*Angst count from the centre of.
struct TomogramFrame {
  Shape3 shape;
  double voxel_size_A = 1;
  bool centre_below = false;  // the centre of n voxels is n/2 − 1, as one tool around RELION has it; otherwise n/2
};

// rlnTomoName names the tomogram where rlnMicrographName does not. rlnCenteredCoordinate*Angst (RELION 5, Å) become
// rlnCoordinate* in voxels of `tomogram`. rlnTomoSubtomogram* turned the images when they were made: where a particle
// has no image (any more) they are joined to its pose, so that pose and place are those in the tomogram:
// tomogram_from_ref = S P, place = coordinate − S origin, with S and P of the two sets of angles.
// UserError where `tomogram` is needed and not given; IoError listing every centred coordinate that is no number.
void to_relion_31(ParticleSet& set, const std::optional<TomogramFrame>& tomogram, const std::string& source);

}  // namespace tessera
