// SPDX-License-Identifier: GPL-3.0-or-later
// Tomograms with semantic masks or with the places of their particles, as networks that answer for voxels take them.
#pragma once

#include "tessera/nn/model.h"
#include "tessera/nn/patches.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

class RunRecord;

struct LabelledTomograms {
  std::vector<LabelledTomogram> tomograms;
  std::vector<std::filesystem::path> files;  // tomogram.mrc and labels.mrc or truth.star of each folder in turn
  std::vector<ModelClass> classes;           // number: the label, the first is background; or, ascending, the class of
                                             // the particles, with their radius
  double voxel_size_A = 0;

  void record_inputs(RunRecord& record) const;
};
// Folders with tomogram.mrc and labels.mrc (`tessera simulate tomogram`); labels.star beside names the labels and
// tilts.tlt, where there is one, says which turns the wedge allows. dark: particles are darker than what surrounds
// them. IoError, UserError with all faults at once: missing files, shapes of tomogram and labels that differ, voxel
// sizes (1 %) or names of labels that differ between folders, and as read_labels.
LabelledTomograms read_labelled_tomograms(const std::vector<std::string>& folders, bool dark);

// The same with truth.star in place of labels.mrc: a list of particles with places, classes and tesseraRadius, whose
// optics groups name the classes. UserError, IoError with all faults at once: missing files, particles that lie outside
// their tomogram, without a class or a radius, voxel sizes that differ (1 %), classes that another folder names
// otherwise.
LabelledTomograms read_tomograms_with_centres(const std::vector<std::string>& folders, bool dark);

// As in training: mean 0, variance 1, protein bright.
Tomogram normalised(const Tomogram& tomogram, bool dark, const std::string& source);

}  // namespace tessera
