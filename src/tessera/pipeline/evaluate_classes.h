// SPDX-License-Identifier: GPL-3.0-or-later
// tessera evaluate classes: the classes of a particle list beside the true ones.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/base/bootstrap.h"
#include "tessera/base/class_scores.h"
#include "tessera/base/option.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct EvaluateClassesRequest {
  std::string result, truth;
  bool allow_missing = false;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"result", "file.star", "Particle list whose rlnClassNumber is to be judged", "Arguments"}, result);
    visit(Option{"truth", "file.star", "The same particles with their true rlnClassNumber", "Arguments"}, truth);
    visit(
        Option{"allow-missing", "", "Leave out true particles that the result lacks; otherwise an error", "Evaluation"},
        allow_missing);
    visit(Option{"output", "folder", "Write run.json there; nothing is written if not given", "Output"}, output);
  }
};

struct EvaluateClassesOutcome {
  std::string result, truth;
  int64_t missing = 0;     // true particles that the result lacks
  ContingencyTable table;  // rows: found classes; columns: true ones
  ClassScores scores;
  Interval accuracy_interval;  // 95 %, bootstrap over the particles, the matching of classes held
  double same_number = 0;      // share of particles whose class number is the true one, as classifiers with labels have
  Interval same_number_interval;
  nlohmann::ordered_json json() const;
};

// Particles are the same when their image files are, whatever the lists call them: paths are taken from where each list
// lies. IoError, every particle named: a particle of one list that the other lacks, an image listed twice, a particle
// without a class.
EvaluateClassesOutcome run_evaluate_classes(const EvaluateClassesRequest& request, ExecContext& context,
                                            const CommandLine& command_line = {});

}  // namespace tessera
