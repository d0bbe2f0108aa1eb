// SPDX-License-Identifier: GPL-3.0-or-later
// tessera segment: the class of every voxel of a tomogram by a trained network.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "tessera/nn/blockwise.h"
#include "tessera/nn/model.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct SegmentRequest {
  std::string model, tomogram;
  BlockOptions blocks;
  std::string contrast = "bright";
  std::optional<double> voxel_size_A;
  bool rescale = false;
  std::string device = "cpu";
  std::string probability;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"model", "file", "A model of edssn3d or edssn3d-full that `tessera train` wrote", "Arguments"}, model);
    visit(Option{"tomogram", "file.mrc", "The tomogram (MRC)", "Arguments"}, tomogram);
    visit(Option{"contrast", "", "bright or dark: what particles are against their surroundings", "Tomogram"},
          contrast);
    visit(Option{"voxel-size", "Å", "Of the tomogram, instead of what its header says", "Tomogram"}, voxel_size_A);
    visit(Option{"rescale", "",
                 "Bring a tomogram of another voxel size to the model's, and the labels back; otherwise an error",
                 "Tomogram"},
          rescale);
    blocks.describe(visit);
    visit(Option{"device", "", "cpu, or cuda (mixed precision)", "Network"}, device);
    visit(Option{"probability", "file.mrc", "Write the probability of each voxel's label, too", "Output"}, probability);
    visit(Option{"output", "file.mrc", "The labels; their names and counts go to a .star file beside it", "Output"},
          output);
  }
};

struct SegmentOutcome {
  std::string labels;
  Shape3 shape;  // of the tomogram
  double voxel_size_A = 0;
  bool rescaled = false;
  std::vector<ModelClass> classes;
  std::vector<int64_t> voxels;  // of each class
  double mean_probability = 0, seconds = 0;
  nlohmann::ordered_json json() const;
};

// Labels have the tomogram's shape and voxel size. Writes <output>.run.json as well. UserError, IoError: a model that
// does not label voxels, a tomogram of another voxel size (2 %) without --rescale, not-finite voxels, too little
// memory. Memory: a byte (with --probability five) for each voxel, and apply_memory_bytes.
SegmentOutcome run_segment(const SegmentRequest& request, ExecContext& context, const CommandLine& command_line = {});

}  // namespace tessera
