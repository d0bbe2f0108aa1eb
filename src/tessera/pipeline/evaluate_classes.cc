// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/evaluate_classes.h"

#include <map>

#include "tessera/base/describe.h"
#include "tessera/io/particles.h"
#include "tessera/io/run_record.h"

namespace tessera {
namespace {

struct Label {
  int class_number;
  std::string name;  // of the image, as in its list
};

// Class of each image by its canonical path.
std::map<std::string, Label> labels_of(const std::string& list) {
  const ParticleSet set = read_particles(list);
  std::map<std::string, Label> out;
  Faults faults;
  for (const Particle& particle : set.particles) {
    if (!out.emplace(file_key(set, particle.image), Label{particle.class_number, particle.image}).second)
      faults.add(fmt::format("{} is listed twice", particle.image));
    else if (particle.class_number < 1)
      faults.add(fmt::format("{} has no class: its rlnClassNumber is {}", particle.image, particle.class_number));
  }
  faults.raise<IoError>(fmt::format("{}: its classes cannot be evaluated", list));
  return out;
}

void validate(const EvaluateClassesRequest& request) {
  Faults faults;
  require_readable(faults, "result", request.result);
  require_readable(faults, "truth", request.truth);
  faults.raise<UserError>("evaluate classes");
}

}  // namespace

nlohmann::ordered_json EvaluateClassesOutcome::json() const {
  auto counts = nlohmann::ordered_json::array(), classes = nlohmann::ordered_json::array();
  for (int64_t r = 0; r < table.rows(); ++r)
    counts.push_back(std::vector<int64_t>(table.counts.begin() + r * table.columns(),
                                          table.counts.begin() + (r + 1) * table.columns()));
  for (const ClassScore& score : scores.classes)
    classes.push_back(
        {{"true_class", score.true_class},
         {"found_class", score.matched ? nlohmann::ordered_json(score.found_class) : nlohmann::ordered_json(nullptr)},
         {"size", score.size},
         {"precision", score.precision},
         {"recall", score.recall},
         {"f1", score.f1}});
  return {{"result", result},
          {"truth", truth},
          {"particles", scores.total},
          {"missing", missing},
          {"misclassified", scores.misclassified},
          {"accuracy", scores.accuracy},
          {"accuracy_interval", {accuracy_interval.low, accuracy_interval.high}},
          {"same_number", same_number},
          {"same_number_interval", {same_number_interval.low, same_number_interval.high}},
          {"purity", scores.purity},
          {"adjusted_rand_index", scores.adjusted_rand_index},
          {"mean_f1", scores.mean_f1},
          {"classes", classes},
          {"contingency",
           {{"found_classes", table.row_labels}, {"true_classes", table.column_labels}, {"counts", counts}}}};
}

EvaluateClassesOutcome run_evaluate_classes(const EvaluateClassesRequest& request, ExecContext& context,
                                            const CommandLine& command_line) {
  validate(request);
  RunRecord record("evaluate classes", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  const auto found = labels_of(request.result), truth = labels_of(request.truth);
  EvaluateClassesOutcome outcome;
  outcome.result = request.result;
  outcome.truth = request.truth;
  Faults faults;
  std::vector<int> found_classes, true_classes;
  for (const auto& [path, label] : found) {
    const auto at = truth.find(path);
    if (at == truth.end()) {
      faults.add(fmt::format("{} of {} is not in {}", label.name, request.result, request.truth));
      continue;
    }
    found_classes.push_back(label.class_number);
    true_classes.push_back(at->second.class_number);
  }
  for (const auto& [path, label] : truth) {
    if (found.contains(path)) continue;
    ++outcome.missing;
    if (!request.allow_missing)
      faults.add(fmt::format("{} of {} is not in {}; --allow-missing leaves it out", label.name, request.truth,
                             request.result));
  }
  faults.raise<IoError>("the lists are not of the same particles");
  if (found_classes.empty()) throw IoError(fmt::format("{}: it lists no particle", request.result));
  outcome.table = cross_tabulate(found_classes, true_classes);
  outcome.scores = score_classes(outcome.table);
  std::map<int, int> partner;  // found class matched to each true one
  for (const ClassScore& score : outcome.scores.classes)
    if (score.matched) partner[score.true_class] = score.found_class;
  std::vector<double> right, same;
  for (size_t i = 0; i < found_classes.size(); ++i) {
    const auto match = partner.find(true_classes[i]);
    right.push_back(match != partner.end() && match->second == found_classes[i]);
    same.push_back(found_classes[i] == true_classes[i]);
    outcome.same_number += same.back();
  }
  outcome.same_number /= static_cast<double>(found_classes.size());
  outcome.accuracy_interval = bootstrap_mean(right, context.seed);
  outcome.same_number_interval = bootstrap_mean(same, context.seed);
  if (request.output.empty()) return outcome;

  prepare_folder(request.output);
  record.add_input(request.result);
  record.add_input(request.truth);
  record.set_result("evaluation", outcome.json());
  record.write(record_path(request.output));
  return outcome;
}

}  // namespace tessera
