// SPDX-License-Identifier: GPL-3.0-or-later
// What the heights of peaks in the heat maps of a trained network mean.
#pragma once

#include "tessera/base/hit_chance.h"
#include "tessera/pipeline/labelled_tomograms.h"

namespace tessera {

struct CentreCalibration {
  HitChance chance;               // that a peak lies within the radius of a particle, whatever its class
  double f1 = 0, f1_classes = 0;  // of the picks there, each part with its own threshold; a hit also of the right class
};
// From the peaks in those parts and the centres there; what lies around a part is seen. One pass over them.
CentreCalibration calibrate_centres(Network& network, const LabelledTomograms& data,
                                    const std::vector<TomogramPart>& parts, ExecContext& context);

}  // namespace tessera
