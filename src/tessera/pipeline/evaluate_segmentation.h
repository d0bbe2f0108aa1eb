// SPDX-License-Identifier: GPL-3.0-or-later
// tessera evaluate segmentation: labels of voxels beside the true ones.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tessera/base/option.h"
#include "tessera/pipeline/run_files.h"
#include "tessera/volume/label_scores.h"

namespace tessera {

struct EvaluateSegmentationRequest {
  std::string labels, truth;
  std::string held_out;
  bool outlines = true;
  std::string figure;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"labels", "file.mrc", "Labels of voxels, as segment writes them", "Arguments"}, labels);
    visit(Option{"truth", "file.mrc", "The true ones, as simulate tomogram writes them", "Arguments"}, truth);
    visit(Option{"held-out", "file", "Judge only the region that the training of this model held out with --test",
                 "Evaluation"},
          held_out);
    visit(Option{"outlines", "", "Measure how far the outlines of each label lie from the true ones", "Evaluation"},
          outlines);
    visit(Option{"figure", "file.png", "Draw the true and the found labels of the region's middle plane", "Output"},
          figure);
    visit(Option{"output", "folder", "Write run.json there; nothing is written if not given", "Output"}, output);
  }
};

struct LabelScore {
  int label = 0;
  std::string name;
  int64_t truth = 0, found = 0, both = 0;  // voxels
  double iou = 0, dice = 0;
  double outline_A = -1;  // mean distance of the outlines; negative: not measured, or one is missing
};

struct EvaluateSegmentationOutcome {
  std::string labels, truth;
  Region region;
  LabelTable table;
  double background_accuracy = 0;  // what calling every voxel background would reach
  std::vector<LabelScore> scores;  // every label
  nlohmann::ordered_json json() const;
};

// UserError, IoError, all faults at once: maps of different shapes or voxel sizes (1 %), values that are no labels,
// names that contradict each other, a model that held nothing out, or of another shape. Labels are compared by number.
EvaluateSegmentationOutcome run_evaluate_segmentation(const EvaluateSegmentationRequest& request, ExecContext& context,
                                                      const CommandLine& command_line = {});

}  // namespace tessera
