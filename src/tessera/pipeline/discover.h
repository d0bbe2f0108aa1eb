// SPDX-License-Identifier: GPL-3.0-or-later
// tessera discover: are structures found that were not in training? ([S] 3.3)
#pragma once

#include "tessera/pipeline/subdivide.h"
#include "tessera/pipeline/train.h"

namespace tessera {

struct DiscoverRequest {
  std::string particles;
  std::vector<int> leave_out;
  std::string network = "residual3d";
  double dropout = -1;
  TrainOptions train;
  FreshOptions fresh;
  ClusterRequest cluster;
  double test = 0.5;
  double success_A = 70;
  bool allow_empty_classes = false;
  std::string device = "cpu";
  bool resume = false;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"particles", "file.star", "truth.star of simulated particles, its true maps (truth_N.mrc) beside it",
                 "Arguments"},
          particles);
    visit(Option{"leave-out", "class",
                 "Classes to leave out, one after the other; all that have a density if not given", "Discovery"},
          leave_out);
    visit(Option{"success", "Å", "Found when the FSC-0.5 resolution against the truth is at least this fine",
                 "Discovery"},
          success_A);
    visit(Option{"test", "share", "Of each class, subdivided; the rest, without the class left out, is trained on",
                 "Discovery"},
          test);
    visit(Option{"network", "", "inception3d, dsrf3d (as published) or residual3d", "Network"}, network);
    visit(Option{"dropout", "", "As of `tessera train`", "Network"}, dropout);
    train.describe(visit);
    fresh.describe(visit);
    cluster.describe(visit);
    visit(Option{"allow-empty-classes", "", "Class numbers may be skipped; otherwise an error", "Particles"},
          allow_empty_classes);
    visit(Option{"device", "", "cpu, or cuda (mixed precision)", "Network"}, device);
    visit(Option{"resume", "", "Keep what the output folder has and go on", "Output"}, resume);
    visit(Option{"output", "folder", "Where all goes; made if missing", "Output"}, output);
  }
};

// One class left out.
struct Discovery {
  int class_number = 0;
  std::string name;
  int cluster = 0;                         // in which it is most enriched
  int64_t cluster_size = 0, of_class = 0;  // its particles, and those of the class among them
  int found_class = 0;                     // of the cluster's averages, the most enriched; 0: none could be made
  int64_t found_size = 0, found_of_class = 0;
  double fsc_half_A = 0, correlation = 0;  // of that average against the truth, best fit
  double open_set_auc = 0;  // chance that a particle of the class has a higher open-set score than one of another
  bool found = false;
  nlohmann::ordered_json json() const;
};

struct DiscoverOutcome {
  std::string folder;
  double success_A = 0;
  std::vector<Discovery> classes;
  int64_t found() const;
  nlohmann::ordered_json json() const;
};

// For each class below request.output/class_N/: model and what `train` writes, subdivision/, average/ (of the cluster
// most enriched with the class among those with at least five of it; three classes, five iterations), result.json. At
// the end results.json and run.json. With request.resume classes that have a result.json of the same request are kept
// and an unfinished training goes on. UserError, IoError: as train and subdivide; a class to leave out that is not
// there, or without a map.
DiscoverOutcome run_discover(const DiscoverRequest& request, ExecContext& context,
                             const CommandLine& command_line = {});

}  // namespace tessera
