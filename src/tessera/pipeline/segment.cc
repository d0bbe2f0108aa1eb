// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/segment.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/describe.h"
#include "tessera/io/run_record.h"
#include "tessera/parallel/memory.h"
#include "tessera/pipeline/label_file.h"
#include "tessera/pipeline/labelled_tomograms.h"
#include "tessera/pipeline/run_lock.h"
#include "tessera/pipeline/tomogram_file.h"

namespace tessera {
namespace {

void validate(const SegmentRequest& request) {
  Faults faults;
  require_readable(faults, "model", request.model);
  require_readable(faults, "tomogram", request.tomogram);
  require_one_of("contrast", request.contrast, {"bright", "dark"}, faults);
  require_one_of("device", request.device, {"cpu", "cuda"}, faults);
  request.blocks.add_faults(faults);
  if (request.voxel_size_A && !(*request.voxel_size_A > 0))
    faults.add(fmt::format("--voxel-size {} Å must be positive", *request.voxel_size_A));
  if (request.output.empty())
    faults.add("--output is missing; name the map of labels to write, for example labels.mrc");
  else if (!named_as_map(request.output) || request.output.ends_with(".gz"))
    faults.add(fmt::format("--output {}: a name that ends in .mrc is needed", request.output));
  faults.raise<UserError>("segment");
}

Model model_for_voxels(const std::string& file) {
  Model model = read_model(file);
  if (!labels_voxels(model.network.network))
    throw UserError(fmt::format("{}: a {} does not tell the class of voxels; train one with --network edssn3d", file,
                                model.network.network));
  return model;
}

// The likeliest class of every voxel.
struct Labels {
  Volume<uint8_t> label;
  Volume<float> probability;  // empty unless asked for
  double sum = 0;             // of the probabilities

  void take(int64_t z, const std::vector<float>& plane, int classes) {
    const int64_t count = label.shape().y * label.shape().x;
    for (int64_t v = 0; v < count; ++v) {
      int best = 0;
      for (int c = 1; c < classes; ++c)
        if (plane[c * count + v] > plane[best * count + v]) best = c;
      label[z * count + v] = static_cast<uint8_t>(best);
      sum += plane[best * count + v];
      if (!probability.empty()) probability[z * count + v] = plane[best * count + v];
    }
  }
};

// Of each voxel of `shape` the nearest one of a volume sampled anew (volume/tomogram.h: resampled).
template <typename T>
Volume<T> brought_back(const Volume<T>& from, Shape3 shape, double ratio) {
  Volume<T> out(shape);
  const auto nearest = [ratio](int64_t i, int64_t n, int64_t m) {
    return std::clamp<int64_t>(std::llround(static_cast<double>(i - n / 2) / ratio) + m / 2, 0, m - 1);
  };
  for (int64_t z = 0; z < shape.z; ++z)
    for (int64_t y = 0; y < shape.y; ++y)
      for (int64_t x = 0; x < shape.x; ++x)
        out(z, y, x) = from(nearest(z, shape.z, from.shape().z), nearest(y, shape.y, from.shape().y),
                            nearest(x, shape.x, from.shape().x));
  return out;
}

void require_memory(int classes, Shape3 shape, const SegmentRequest& request) {
  const double needed = apply_memory_bytes(classes, shape, request.blocks) + 5.0 * static_cast<double>(shape.count());
  const double there = available_memory_bytes();
  if (needed > there)
    throw UserError(
        fmt::format("{}×{}×{} voxels and {} classes in blocks of {} need {:.1f} GB of memory, {:.1f} GB are "
                    "there; give a smaller --block",
                    shape.x, shape.y, shape.z, classes, request.blocks.block, needed / 1e9, there / 1e9));
}

}  // namespace

nlohmann::ordered_json SegmentOutcome::json() const {
  auto list = nlohmann::ordered_json::array();
  for (size_t k = 0; k < classes.size(); ++k)
    list.push_back({{"label", classes[k].number}, {"name", classes[k].name}, {"voxels", voxels[k]}});
  return {{"labels", labels},     {"shape_xyz", {shape.x, shape.y, shape.z}}, {"voxel_size_A", voxel_size_A},
          {"rescaled", rescaled}, {"mean_probability", mean_probability},     {"seconds", seconds},
          {"classes", list}};
}

SegmentOutcome run_segment(const SegmentRequest& request, ExecContext& context, const CommandLine& command_line) {
  validate(request);
  prepare_folder_of(request.output);
  const RunLock lock(request.output);
  RunRecord record("segment", command_line);
  record.set_options(options_json(request));
  record.set_threads(context.threads.count());
  record.add_input(request.model);
  record.add_input(request.tomogram);
  const Model model = model_for_voxels(request.model);
  const int classes = model.network.classes;
  const TomogramFile file = open_tomogram(request.tomogram, request.voxel_size_A, context.sink);
  SegmentOutcome outcome;
  outcome.labels = request.output;
  outcome.shape = file.tomogram.shape;
  outcome.voxel_size_A = file.tomogram.voxel_size_A;
  outcome.classes = model.classes;
  const double ratio = model.voxel_size_A / outcome.voxel_size_A;
  outcome.rescaled = std::abs(ratio - 1) > 0.02;
  if (outcome.rescaled && !request.rescale)
    throw UserError(fmt::format("{} has voxels of {:g} Å; {} was trained for {:g} Å: give --rescale, or train anew",
                                request.tomogram, outcome.voxel_size_A, request.model, model.voxel_size_A));
  const Tomogram sized = outcome.rescaled ? resampled(file.tomogram, model.voxel_size_A) : file.tomogram;
  require_memory(classes, sized.shape, request);
  const auto network = network_of(model, request.device, context.threads.count(), request.model);
  StepTimer labelling(record, "labelling");
  Labels found;
  found.label = Volume<uint8_t>(sized.shape);
  if (!request.probability.empty()) found.probability = Volume<float>(sized.shape);
  apply_in_blocks(*network, classes, normalised(sized, request.contrast == "dark", request.tomogram), request.blocks,
                  context, [&](int64_t z, const std::vector<float>& plane) { found.take(z, plane, classes); });
  outcome.seconds = labelling.stop();
  outcome.mean_probability = found.sum / static_cast<double>(sized.shape.count());
  if (outcome.rescaled) {
    found.label = brought_back(found.label, outcome.shape, ratio);
    if (!found.probability.empty()) found.probability = brought_back(found.probability, outcome.shape, ratio);
  }
  outcome.voxels.resize(model.classes.size());
  for (const uint8_t label : found.label) ++outcome.voxels[label];
  if (context.comm.rank() != 0) return outcome;
  std::vector<std::string> names;
  for (const ModelClass& c : model.classes) names.push_back(c.name);
  write_labels(request.output, found.label, outcome.voxel_size_A, names);
  record.add_output(request.output);
  if (!request.probability.empty()) {
    prepare_folder_of(request.probability);
    write_mrc(request.probability, {std::move(found.probability), outcome.voxel_size_A, {}}, {.label = "probability"});
    record.add_output(request.probability);
  }
  record.set_result("segment", outcome.json());
  record.write(record_path(request.output));
  return outcome;
}

}  // namespace tessera
