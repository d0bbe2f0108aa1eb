// SPDX-License-Identifier: GPL-3.0-or-later
// The height from which on a peak of a heat map is a pick.
#pragma once

#include "tessera/pipeline/labelled_tomograms.h"

namespace tessera {

struct ChosenThresholds {
  std::vector<ModelClass> classes;  // those of the data, with thresholds
  double f1 = 0;                    // of all picks there with them; a hit is of the right class
};
// Of each class the threshold at which the F1 of its own picks is greatest (pick/pick_scores.h), over the centres in
// those parts; of classes that are not there, or not found, the median of the others' (½ where there is none). What
// lies around a part is seen. Peaks may be outweighed by higher ones of other classes before thresholds are applied, so
// that choosing costs one pass.
ChosenThresholds choose_thresholds(Network& network, const LabelledTomograms& data,
                                   const std::vector<TomogramPart>& parts, ExecContext& context);

}  // namespace tessera
