// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/train.h"

#include "tessera/base/describe.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/particle_files.h"
#include "tessera/pipeline/run_lock.h"
#include "tessera/pipeline/train_voxels.h"
#include "tessera/pipeline/training_checkpoint.h"

namespace tessera {
namespace {

void validate(const TrainRequest& request) {
  Faults faults;
  require_particle_list(faults, request.particles);
  NetworkOptions network;
  network.network = request.network;
  network.dropout = request.dropout;
  network.device = request.device;
  network.add_faults(faults);
  request.train.add_faults(faults);
  request.fresh.add_faults(faults);
  request.add_common_faults(faults);
  if (request.shift < 0 || request.shift > 16) faults.add(fmt::format("--shift {}: 0 to 16", request.shift));
  faults.raise<UserError>("train");
}

std::string identity_of(const TrainRequest& request, const std::string& inputs) {
  nlohmann::ordered_json options = options_json(request);
  for (const char* name : {"resume", "output", "half"}) options.erase(name);
  return options.dump() + inputs;
}

void describe_start(const TrainRequest& request, const Network& network, const TrainOutcome& outcome, int box,
                    Sink& sink) {
  sink.message(
      Severity::info,
      fmt::format("{}: {} parameters, {:.2f} GMAC for a box of {}³; {} classes, {} examples an epoch{}, {} for "
                  "validation, {} for test",
                  request.network, network.parameter_count(), static_cast<double>(network.multiply_adds()) / 1e9, box,
                  outcome.classes.size(), outcome.training, request.fresh.folder.empty() ? "" : " simulated anew",
                  outcome.validation, outcome.test));
}

// One training run, step by step.
class TrainRun {
 public:
  TrainRun(const TrainRequest& request, ExecContext& context)
      : request_(request),
        context_(context),
        particles_(read_labelled_particles(request.particles, request.class_names, request.allow_empty_classes)),
        split_(split_by_class(particles_.labels, request.validation, request.test, context.seed)),
        options_(request.train.resolved(request.network)) {
    if (!request.fresh.folder.empty()) {
      fresh_ = std::make_unique<FreshExamples>(request.fresh, particles_.classes, particles_.box,
                                               particles_.voxel_size_A, context);
      split_.validation.insert(split_.validation.end(), split_.training.begin(), split_.training.end());
      split_.training.clear();
    }
    files_ = examples(split_.training, request.augment);
    validation_ = examples(split_.validation, false);
  }

  TrainOutcome run(RunRecord& record) {
    NetworkOptions network;
    network.network = request_.network;
    network.box = particles_.box;
    network.classes = static_cast<int>(particles_.classes.size());
    network.dropout = request_.dropout < 0 ? default_dropout(request_.network) : request_.dropout;
    network.width = request_.width;
    network.device = request_.device;
    network.threads = context_.threads.count();
    network.seed = context_.seed;
    const auto made = make_network(network);
    ExampleSource& source = fresh_ ? static_cast<ExampleSource&>(*fresh_) : *files_;
    TrainOutcome outcome;
    outcome.test = std::ssize(split_.test);
    outcome.classes = particles_.classes;
    train_and_keep(*made, source, *validation_, request_, file_checksum(request_.particles), context_, record, outcome);
    StepTimer judging(record, "judging");
    Model model;
    model.network = network;
    model.voxel_size_A = particles_.voxel_size_A;
    model.classes = particles_.classes;
    model.weights = made->state();
    model.open_set = open_set(*made, source, outcome.best_epoch);
    judge(*made, outcome);
    judging.stop();
    model.training = {{"options", options_json(request_)},
                      {"seed", context_.seed},
                      {"particles", particles_.set.particles.size()},
                      {"list_checksum", file_checksum(request_.particles)},
                      {"results", outcome.json()}};
    write_model(request_.output, model, request_.half);
    if (!split_.test.empty()) write_test_list();
    return outcome;
  }

  const LabelledParticles& particles() const { return particles_; }

 private:
  std::unique_ptr<FileExamples> examples(const std::vector<int64_t>& items, bool augment) const {
    std::vector<int> labels;
    for (const int64_t i : items) labels.push_back(particles_.labels[i]);
    FileExamples::Options options;
    options.augment = augment;
    options.shift_voxels = request_.shift;
    options.seed = context_.seed;
    if (augment) options.turns = particles_.allowed_turns();
    return std::make_unique<FileExamples>(particles_.files(items), labels, particles_.box, options);
  }

  // From the examples trained on, as the network sees them without dropout; distances are those of the validation.
  OpenSet open_set(Network& network, ExampleSource& source, int epoch) const {
    const std::unique_ptr<FileExamples> plain = fresh_ ? nullptr : examples(split_.training, false);
    if (fresh_) source.prepare(static_cast<uint64_t>(epoch) - 1);
    const Predictions known =
        predict(network, plain ? *plain : source, options_.batch, "open-set score", false, context_);
    OpenSet out(known.linear, known.labels, static_cast<int>(particles_.classes.size()));
    if (validation_->size() >= 20)
      out.calibrate(predict(network, *validation_, options_.batch, "", false, context_).linear);
    return out;
  }

  void judge(Network& network, TrainOutcome& outcome) const {
    if (split_.test.empty()) return;
    const auto source = examples(split_.test, false);
    const Predictions found = predict(network, *source, options_.batch, "test", false, context_);
    std::vector<double> right;
    for (size_t i = 0; i < found.found.size(); ++i) right.push_back(found.found[i] == found.labels[i]);
    outcome.test_accuracy = found.accuracy;
    outcome.test_interval = bootstrap_mean(right, context_.seed);
  }

  void write_test_list() const {
    ParticleSet list = particles_.set;
    list.particles.clear();
    for (const int64_t i : split_.test) {
      list.particles.push_back(particles_.set.particles[i]);
      Particle& particle = list.particles.back();
      particle.image = std::filesystem::absolute(resolve(particles_.set, particle.image));
      if (!particle.weight.empty())
        particle.weight = std::filesystem::absolute(resolve(particles_.set, particle.weight));
    }
    write_particles(request_.output + ".test.star", list);
  }

  const TrainRequest& request_;
  ExecContext& context_;
  LabelledParticles particles_;
  Split split_;
  TrainOptions options_;
  std::unique_ptr<FreshExamples> fresh_;
  std::unique_ptr<FileExamples> files_, validation_;
};

}  // namespace

nlohmann::ordered_json TrainOutcome::json() const {
  auto names = nlohmann::ordered_json::array();
  for (const ModelClass& c : classes) {
    names.push_back({{"number", c.number}, {"name", c.name}});
    if (finds_centres(network)) names.back()["radius_A"] = c.radius_A;
  }
  nlohmann::ordered_json out = {{"model", model},
                                {"network", network},
                                {"parameters", parameters},
                                {"multiply_adds", multiply_adds},
                                {"training", training},
                                {"validation", validation},
                                {"test", test},
                                {"classes", names},
                                {"epochs", history.size()},
                                {"best_epoch", best_epoch},
                                {"stop_reason", stop_reason},
                                {"seconds_per_example", seconds_per_example},
                                {"history", history_json(history)}};
  if (test_accuracy) {
    out["test_accuracy"] = *test_accuracy;
    if (!answers_voxels(network)) out["test_interval"] = {test_interval.low, test_interval.high};
  }
  if (calibration) {
    out["validation_f1"] = calibration->f1;
    out["validation_f1_classes"] = calibration->f1_classes;
  }
  return out;
}

void TrainRequest::add_common_faults(Faults& faults) const {
  if (!(width >= 0.05 && width <= 16)) faults.add(fmt::format("--width {}: 0.05 to 16", width));
  if (!(validation >= 0 && test >= 0 && validation + test < 1))
    faults.add(
        fmt::format("--validation {} --test {}: shares of which something is left to train on", validation, test));
  if (output.empty()) faults.add("--output is missing; name the model to write");
  std::string reason;
  if (!networks_available(&reason)) faults.add(reason);
}

void PatchOptions::add_faults(Faults& faults) const {
  if (edge < 16 || edge > 128) faults.add(fmt::format("--patch {}: 16 to 128", edge));
  if (count < 0 || count > 1000000) faults.add(fmt::format("--patches {}: 0 to 1000000", count));
  require_one_of("contrast", contrast, {"bright", "dark"}, faults);
  if (!(heat_spread >= 0.05 && heat_spread <= 1)) faults.add(fmt::format("--heat-spread {}: 0.05 to 1", heat_spread));
}

void train_and_keep(Network& network, ExampleSource& source, const ExampleSource& validation,
                    const TrainRequest& request, const std::string& inputs, ExecContext& context, RunRecord& record,
                    TrainOutcome& outcome) {
  outcome.model = request.output;
  outcome.network = request.network;
  outcome.parameters = network.parameter_count();
  outcome.multiply_adds = network.multiply_adds();
  outcome.training = source.size();
  outcome.validation = validation.size();
  describe_start(request, network, outcome, source.box(), context.sink);
  const std::string checkpoint = request.output + ".checkpoint", identity = identity_of(request, inputs);
  std::optional<TrainState> resume;
  if (request.resume) resume = read_training_checkpoint(checkpoint, identity);
  const StepTimer training(record, "training");
  const TrainState state = train_network(
      network, source, validation.size() > 0 ? &validation : nullptr, request.train.resolved(request.network), context,
      [&](const TrainState& now) {
        write_training_checkpoint(checkpoint, now, identity);
        write_learning_curve(request.output, now.history);
      },
      resume ? &*resume : nullptr);
  outcome.stop_reason = state.stop_reason;
  outcome.history = state.history;
  outcome.best_epoch = state.best_epoch;
  for (const EpochReport& report : state.history) outcome.seconds_per_example += report.seconds;
  outcome.seconds_per_example /= static_cast<double>(source.size()) * static_cast<double>(state.history.size());
}

TrainOutcome run_train(const TrainRequest& request, ExecContext& context, const CommandLine& command_line) {
  if (answers_voxels(request.network)) return run_train_voxels(request, context, command_line);
  validate(request);
  prepare_folder_of(request.output);
  const RunLock lock(request.output);
  RunRecord record("train", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  TrainRun run(request, context);
  TrainOutcome outcome = run.run(record);
  run.particles().record_inputs(record);
  record.add_output(request.output);
  record.set_result("training", outcome.json());
  record.write(request.output + ".run.json");
  return outcome;
}

}  // namespace tessera
