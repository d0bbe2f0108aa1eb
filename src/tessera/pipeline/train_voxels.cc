// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/train_voxels.h"

#include <cmath>

#include "tessera/base/describe.h"
#include "tessera/base/json_value.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/centre_calibration.h"
#include "tessera/pipeline/labelled_tomograms.h"
#include "tessera/pipeline/run_lock.h"
#include "tessera/pipeline/training_checkpoint.h"

namespace tessera {
namespace {

void validate(const TrainRequest& request) {
  Faults faults;
  NetworkOptions network;
  network.network = request.network;
  network.box = request.patches.edge;
  network.device = request.device;
  network.add_faults(faults);
  request.train.add_faults(faults);
  request.patches.add_faults(faults);
  request.add_common_faults(faults);
  if (!request.fresh.folder.empty())
    faults.add("--fresh makes particles; " + request.network + " learns from tomograms");
  if (!request.class_names.empty())
    faults.add(fmt::format("--class-names: {} names them",
                           finds_centres(request.network) ? "truth.star" : "labels.star beside the labels"));
  faults.raise<UserError>("train");
}

std::vector<std::string> folders_of(const TrainRequest& request) {
  std::vector<std::string> out = {request.particles};
  for (const auto& further : {request.patches.more, request.patches.validate_on})
    out.insert(out.end(), further.begin(), further.end());
  return out;
}

struct Parts {
  std::vector<TomogramPart> training, validation, test;
};

Parts split(const LabelledTomograms& data, const TrainRequest& request) {
  Parts out;
  const size_t trained_on = data.tomograms.size() - request.patches.validate_on.size();
  for (size_t i = trained_on; i < data.tomograms.size(); ++i) {
    const Shape3 s = data.tomograms[i].labels.shape();
    out.validation.push_back({i, {0, s.z, 0, s.y, 0, s.x}});
  }
  for (size_t i = 0; i < trained_on; ++i) {
    const RegionSplit regions = split_by_region(data.tomograms[i].labels.shape(), request.validation, request.test);
    for (const Region& region : regions.training) out.training.push_back({i, region});
    if (regions.validation.shape().count() > 0) out.validation.push_back({i, regions.validation});
    if (regions.test.shape().count() > 0) out.test.push_back({i, regions.test});
  }
  return out;
}

void require_centres(const LabelledTomograms& data, const Parts& parts) {
  const std::vector<int64_t> counts =
      count_labels(data.tomograms, parts.training, static_cast<int>(data.classes.size()) + 1);
  Faults faults;
  if (data.classes.empty()) faults.add("there is no particle; a network needs something to find");
  for (size_t k = 0; k < data.classes.size(); ++k)
    if (counts[k + 1] == 0)
      faults.add(
          fmt::format("class {} ({}) has no particle in the regions that are trained on; simulate more of it, or hold "
                      "out less",
                      data.classes[k].number, data.classes[k].name));
  faults.raise<UserError>("train");
}

void require_labels(const LabelledTomograms& data, const Parts& parts, bool allow_empty) {
  const std::vector<int64_t> counts =
      count_labels(data.tomograms, parts.training, static_cast<int>(data.classes.size()));
  Faults faults;
  if (data.classes.size() < 2) faults.add("there is no label but background; a network needs something to find");
  for (size_t k = 0; k < counts.size() && !allow_empty; ++k)
    if (counts[k] == 0)
      faults.add(
          fmt::format("label {} ({}) has no voxel in the regions that are trained on; simulate more of it, hold "
                      "out less, or give --allow-empty-classes",
                      k, data.classes[k].name));
  faults.raise<UserError>("train");
}

int64_t patches_of_epoch(const TrainRequest& request, const Parts& parts) {
  if (request.patches.count > 0) return request.patches.count;
  int64_t voxels = 0;
  for (const TomogramPart& part : parts.training) voxels += part.region.shape().count();
  return std::max<int64_t>(16, std::llround(static_cast<double>(voxels) / std::pow(request.patches.edge, 3)));
}

nlohmann::ordered_json region_json(const Region& r) {
  return {r.z0, r.z1, r.y0, r.y1, r.x0, r.x1};
}

nlohmann::ordered_json regions_json(const LabelledTomograms& data, const std::vector<TomogramPart>& parts) {
  auto out = nlohmann::ordered_json::array();
  for (const TomogramPart& part : parts) {
    const Shape3 s = data.tomograms[part.tomogram].labels.shape();
    out.push_back({{"tomogram", data.files[2 * part.tomogram].string()},
                   {"shape_zyx", {s.z, s.y, s.x}},
                   {"z0_z1_y0_y1_x0_x1", region_json(part.region)}});
  }
  return out;
}

}  // namespace

TrainOutcome run_train_voxels(const TrainRequest& request, ExecContext& context, const CommandLine& command_line) {
  validate(request);
  prepare_folder_of(request.output);
  const RunLock lock(request.output);
  RunRecord record("train", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  StepTimer reading(record, "reading");
  const bool centres = finds_centres(request.network), dark = request.patches.contrast == "dark";
  const LabelledTomograms data = centres ? read_tomograms_with_centres(folders_of(request), dark)
                                         : read_labelled_tomograms(folders_of(request), dark);
  reading.stop();
  const Parts parts = split(data, request);
  if (centres)
    require_centres(data, parts);
  else
    require_labels(data, parts, request.allow_empty_classes);
  std::vector<double> spreads;
  for (const ModelClass& c : data.classes)
    if (centres) spreads.push_back(request.patches.heat_spread * c.radius_A / data.voxel_size_A);

  Model model;
  model.network.network = request.network;
  model.network.box = request.patches.edge;
  model.network.classes = outputs_of(request.network, data.classes.size());
  model.network.dropout = 0;
  model.network.width = request.width;
  model.network.device = request.device;
  model.network.threads = context.threads.count();
  model.network.seed = context.seed;
  model.voxel_size_A = data.voxel_size_A;
  model.classes = data.classes;
  model.normalisation = "tomogram";
  const auto network = make_network(model.network);
  RandomPatches training(data.tomograms, parts.training,
                         {.edge = request.patches.edge,
                          .count = patches_of_epoch(request, parts),
                          .classes = static_cast<int>(data.classes.size()) + centres,
                          .augment = request.augment,
                          .seed = context.seed,
                          .spreads = spreads});
  const TilePatches validation(data.tomograms, parts.validation, request.patches.edge, spreads),
      test(data.tomograms, parts.test, request.patches.edge, spreads);
  TrainOutcome outcome;
  outcome.test = test.size();
  outcome.classes = data.classes;
  nlohmann::ordered_json inputs;
  for (const auto& file : data.files) inputs.push_back(file_checksum(file));
  train_and_keep(*network, training, validation, request, inputs.dump(), context, record, outcome);
  if (test.size() > 0) {
    const StepTimer judging(record, "judging");
    outcome.test_accuracy = judge(*network, test, request.train.resolved(request.network).batch, context).accuracy;
  }
  if (centres) {
    const StepTimer calibrating(record, "calibration");
    const bool validated = !parts.validation.empty();
    if (!validated)
      context.sink.message(Severity::warning,
                           "there is no validation: what heights are worth is learnt from what was trained on");
    const CentreCalibration calibration =
        calibrate_centres(*network, data, validated ? parts.validation : parts.training, context);
    model.chance = calibration.chance;
    if (validated) outcome.calibration = calibration;
  }
  model.weights = network->state();
  model.training = {{"options", options_json(request)},
                    {"seed", context.seed},
                    {"held_out", regions_json(data, parts.test)},
                    {"results", outcome.json()}};
  write_model(request.output, model, request.half);
  data.record_inputs(record);
  record.add_output(request.output);
  record.set_result("training", outcome.json());
  record.write(request.output + ".run.json");
  return outcome;
}

std::vector<HeldOutRegion> held_out_regions(const Model& model, const std::string& source) {
  std::vector<HeldOutRegion> out;
  try {
    for (const auto& held : model.training.at("held_out")) {
      const auto edge = [&](size_t i) { return json_value<int64_t>(held.at("shape_zyx").at(i)); };
      const auto end = [&](size_t i) { return json_value<int64_t>(held.at("z0_z1_y0_y1_x0_x1").at(i)); };
      out.push_back({held.at("tomogram").get<std::string>(),
                     {edge(0), edge(1), edge(2)},
                     {end(0), end(1), end(2), end(3), end(4), end(5)}});
    }
  } catch (const nlohmann::json::exception& error) {
    throw IoError(fmt::format("{}: it does not tell what was held out ({}); train with --test", source, error.what()));
  }
  return out;
}

}  // namespace tessera
