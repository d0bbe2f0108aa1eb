// SPDX-License-Identifier: GPL-3.0-or-later
// Tomograms with semantic masks, as networks that label voxels take them.
#pragma once

#include "tessera/nn/model.h"
#include "tessera/nn/patches.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

class RunRecord;

struct LabelledTomograms {
  std::vector<LabelledTomogram> tomograms;
  std::vector<std::filesystem::path> files;  // tomogram.mrc, labels.mrc of each folder in turn
  std::vector<ModelClass> classes;           // number: the label; the first is background
  double voxel_size_A = 0;

  void record_inputs(RunRecord& record) const;
};
// Folders with tomogram.mrc and labels.mrc (`tessera simulate tomogram`); labels.star beside names the labels and
// tilts.tlt, where there is one, says which turns the wedge allows. dark: particles are darker than what surrounds
// them. IoError, UserError with all faults at once: missing files, shapes of tomogram and labels that differ, voxel
// sizes (1 %) or names of labels that differ between folders, and as read_labels.
LabelledTomograms read_labelled_tomograms(const std::vector<std::string>& folders, bool dark);

// As in training: mean 0, variance 1, protein bright.
Tomogram normalised(const Tomogram& tomogram, bool dark, const std::string& source);

}  // namespace tessera
