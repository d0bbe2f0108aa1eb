// SPDX-License-Identifier: GPL-3.0-or-later
// tessera train: a network from particles, or voxels, whose classes are known.
#pragma once

#include "tessera/base/bootstrap.h"
#include "tessera/nn/training.h"
#include "tessera/pipeline/centre_calibration.h"
#include "tessera/pipeline/fresh_examples.h"
#include "tessera/pipeline/labelled_particles.h"

namespace tessera {

// Of networks that answer for voxels.
struct PatchOptions {
  std::vector<std::string> more, validate_on;
  int edge = 40;
  int count = 0;
  std::string contrast = "bright";
  double heat_spread = 0.2;

  template <typename Visitor>
  void describe(Visitor& visit) {
    const char* group = "Tomograms (edssn3d, unet3d)";
    visit(Option{"more", "folder", "Further folders of tomograms", group}, more);
    visit(Option{"validate-on", "folder", "Folders of tomograms that choose the epoch and, of unet3d, the thresholds",
                 group},
          validate_on);
    visit(Option{"patch", "voxels", "Edge of the cubes trained on; a multiple of 8", group}, edge);
    visit(Option{"patches", "", "Cubes of one epoch; 0: as many as fill what is trained on", group}, count);
    visit(Option{"contrast", "", "bright or dark: what particles are against their surroundings", group}, contrast);
    visit(
        Option{"heat-spread", "share", "Of unet3d: spread of the heat about a centre, of its particle's radius", group},
        heat_spread);
  }
  void add_faults(Faults& faults) const;
};

struct TrainRequest {
  std::string particles;
  std::string network = "residual3d";
  double dropout = -1;
  double width = 1;
  TrainOptions train;
  FreshOptions fresh;
  PatchOptions patches;
  std::vector<std::string> class_names;
  bool allow_empty_classes = false;
  double validation = 0.1, test = 0;
  bool augment = true;
  int shift = 1;
  std::string device = "cpu";
  bool half = false;
  bool resume = false;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(
        Option{"particles", "file.star",
               "Particle list with classes in rlnClassNumber (truth.star of simulated ones); of edssn3d, a folder with "
               "tomogram.mrc and labels.mrc (of simulate tomogram), of unet3d with tomogram.mrc and truth.star",
               "Arguments"},
        particles);
    visit(Option{"network", "",
                 "inception3d, dsrf3d (as published) or residual3d tell the class of a box; edssn3d (as published) or "
                 "edssn3d-full that of every voxel; unet3d finds where particles are (tessera pick --method unet)",
                 "Network"},
          network);
    visit(
        Option{"dropout", "",
               "Probability that a unit is dropped before the last layer; -1: 0.3 of inception3d, whose paper retains "
               "70 % (0.7: what its public code does), 0 of dsrf3d, 0.2 of residual3d",
               "Network"},
        dropout);
    visit(Option{"width", "factor", "On the numbers of channels", "Network"}, width);
    train.describe(visit);
    visit(Option{"augment", "",
                 "A random half turn that the missing wedge allows, and a shift, each time a subtomogram is used",
                 "Training"},
          augment);
    visit(Option{"shift", "voxels", "Greatest random shift along an axis", "Training"}, shift);
    fresh.describe(visit);
    patches.describe(visit);
    visit(Option{"class-names", "", "Of classes 1, 2, …; if not given, as run.json beside the list names them",
                 "Particles"},
          class_names);
    visit(Option{"allow-empty-classes", "", "Class numbers may be skipped; otherwise an error", "Particles"},
          allow_empty_classes);
    visit(Option{"validation", "share",
                 "Of each class, or of the tomogram in one piece, held out to choose the best epoch", "Particles"},
          validation);
    visit(
        Option{"test", "share",
               "Of each class, or of the tomogram in one piece, held out to judge the finished network; particles are "
               "listed in <output>.test.star",
               "Particles"},
        test);
    visit(Option{"device", "", "cpu, or cuda (mixed precision)", "Network"}, device);
    visit(Option{"half", "", "Store the weights as float16: half the size", "Output"}, half);
    visit(Option{"resume", "", "Continue from <output>.checkpoint", "Output"}, resume);
    visit(Option{"output", "file", "The model to write", "Output"}, output);
  }
  // Of what every network takes.
  void add_common_faults(Faults& faults) const;
};

class RunRecord;

struct TrainOutcome {
  std::string model, network, stop_reason;
  int64_t parameters = 0, multiply_adds = 0, training = 0, validation = 0, test = 0;
  std::vector<ModelClass> classes;
  std::vector<EpochReport> history;
  int best_epoch = 0;
  std::optional<double> test_accuracy;
  std::optional<CentreCalibration> calibration;  // of networks that find centres, where there is validation
  Interval test_interval;                        // 95 %, bootstrap over the test particles; of voxels none
  double seconds_per_example = 0;                // training: mean over epochs, simulation and validation included
  nlohmann::ordered_json json() const;
};

// Writes request.output, and beside it <output>.run.json, .learning.json, .learning.png, .learning.svg, .test.star
// (with --test, of particles) and, after every epoch, .checkpoint. UserError, IoError: as read_labelled_particles and
// make_network; options out of range; shares that leave nothing to train on. Interrupted: the checkpoint of the last
// finished epoch stays.
TrainOutcome run_train(const TrainRequest& request, ExecContext& context, const CommandLine& command_line = {});

// Trains with checkpoints and a learning curve, resuming where asked for and where `inputs` (what tells the data) are
// the same, and says in `outcome` all but what concerns the test.
void train_and_keep(Network& network, ExampleSource& source, const ExampleSource& validation,
                    const TrainRequest& request, const std::string& inputs, ExecContext& context, RunRecord& record,
                    TrainOutcome& outcome);

}  // namespace tessera
