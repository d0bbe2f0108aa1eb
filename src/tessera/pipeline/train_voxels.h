// SPDX-License-Identifier: GPL-3.0-or-later
// tessera train of networks that answer for voxels: from tomograms with semantic masks, or with the places of their
// particles.
#pragma once

#include <string>
#include <vector>

#include "tessera/nn/model.h"
#include "tessera/pipeline/train.h"
#include "tessera/volume/tomogram.h"

namespace tessera {

// What run_train does for networks that answers_voxels(). The model's header tells the regions held out
// (held_out_regions).
TrainOutcome run_train_voxels(const TrainRequest& request, ExecContext& context, const CommandLine& command_line);

// The test regions of the tomograms a model was trained on, by name of the tomogram's file as it was given. IoError
// where the model does not tell.
struct HeldOutRegion {
  std::string tomogram;
  Shape3 shape;
  Region region;
};
std::vector<HeldOutRegion> held_out_regions(const Model& model, const std::string& source);

}  // namespace tessera
