// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/training_checkpoint.h"

#include <nlohmann/json.hpp>

#include "tessera/base/json_value.h"
#include "tessera/io/atomic_file.h"
#include "tessera/nn/tensor_file.h"
#include "tessera/report/chart.h"

namespace tessera {
namespace {

nlohmann::ordered_json optional_json(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

EpochReport report_of(const nlohmann::ordered_json& json) {
  EpochReport out;
  out.epoch = json_value<int>(json.at("epoch"));
  out.train_loss = json.at("train_loss");
  out.train_accuracy = json.at("train_accuracy");
  if (!json.at("validation_loss").is_null()) out.validation_loss = json.at("validation_loss").get<double>();
  if (!json.at("validation_accuracy").is_null()) out.validation_accuracy = json.at("validation_accuracy").get<double>();
  out.rate = json.at("rate");
  out.seconds = json.at("seconds");
  return out;
}

}  // namespace

nlohmann::ordered_json history_json(const std::vector<EpochReport>& history) {
  auto out = nlohmann::ordered_json::array();
  for (const EpochReport& report : history)
    out.push_back({{"epoch", report.epoch},
                   {"train_loss", report.train_loss},
                   {"train_accuracy", report.train_accuracy},
                   {"validation_loss", optional_json(report.validation_loss)},
                   {"validation_accuracy", optional_json(report.validation_accuracy)},
                   {"rate", report.rate},
                   {"seconds", report.seconds}});
  return out;
}

void write_training_checkpoint(const std::filesystem::path& path, const TrainState& state,
                               const std::string& identity) {
  TensorFile file;
  file.kind = "training checkpoint";
  file.header = {{"identity", identity},
                 {"epoch", state.epoch},
                 {"updates", state.updates},
                 {"best_epoch", state.best_epoch},
                 {"stop_reason", state.stop_reason},
                 {"history", history_json(state.history)}};
  const auto add = [&](const std::string& prefix, const std::vector<NamedTensor>& tensors) {
    for (const NamedTensor& tensor : tensors)
      file.tensors.push_back({prefix + tensor.name, tensor.shape, tensor.values});
  };
  add("weights/", state.weights);
  add("optimiser/", state.optimiser);
  add("best/", state.best);
  write_tensor_file(path, file);
}

std::optional<TrainState> read_training_checkpoint(const std::filesystem::path& path, const std::string& identity) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const TensorFile file = read_tensor_file(path, "training checkpoint");
  TrainState state;
  try {
    if (file.header.at("identity") != identity)
      throw UserError(path.string() +
                      ": made with other particles or options than these; repeat them, or start without --resume");
    state.epoch = json_value<int>(file.header.at("epoch"));
    state.updates = json_value<int64_t>(file.header.at("updates"));
    state.best_epoch = json_value<int>(file.header.at("best_epoch"));
    state.stop_reason = file.header.at("stop_reason");
    for (const auto& report : file.header.at("history")) state.history.push_back(report_of(report));
  } catch (const nlohmann::json::exception& error) {
    throw IoError(
        fmt::format("{}: not a checkpoint of this version ({}); start without --resume", path.string(), error.what()));
  }
  for (const NamedTensor& tensor : file.tensors) {
    const size_t slash = tensor.name.find('/');
    const std::string part = tensor.name.substr(0, slash);
    auto& to = part == "weights" ? state.weights : part == "best" ? state.best : state.optimiser;
    to.push_back({tensor.name.substr(slash + 1), tensor.shape, tensor.values});
  }
  return state;
}

void write_learning_curve(const std::filesystem::path& stem, const std::vector<EpochReport>& history) {
  write_text_file(stem.string() + ".learning.json", history_json(history).dump(1) + "\n");
  Chart chart;
  chart.title = "learning curve";
  chart.x_label = "epoch";
  chart.y_label = "accuracy";
  chart.y_from_zero = true;
  ChartSeries training{"training", {}, {}, {60, 120, 220}}, validation{"validation", {}, {}, {200, 60, 40}};
  for (const EpochReport& report : history) {
    training.x.push_back(report.epoch);
    training.y.push_back(report.train_accuracy);
    if (!report.validation_accuracy) continue;
    validation.x.push_back(report.epoch);
    validation.y.push_back(*report.validation_accuracy);
  }
  chart.series = {training};
  if (!validation.x.empty()) chart.series.push_back(validation);
  write_chart(stem.string() + ".learning", chart);
}

}  // namespace tessera
