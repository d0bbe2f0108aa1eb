// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/evaluate_segmentation.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/describe.h"
#include "tessera/io/png.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/label_file.h"
#include "tessera/pipeline/train_voxels.h"
#include "tessera/report/label_slices.h"

namespace tessera {
namespace {

void require_fit(const EvaluateSegmentationRequest& request, const LabelFile& found, const LabelFile& truth) {
  Faults faults;
  const Shape3 a = found.voxels.shape(), b = truth.voxels.shape();
  if (a != b)
    faults.add(fmt::format("{} has {}×{}×{} voxels, {} {}×{}×{}: they are not of one tomogram", request.labels, a.x,
                           a.y, a.z, request.truth, b.x, b.y, b.z));
  if (found.voxel_size_A > 0 && truth.voxel_size_A > 0 && std::abs(found.voxel_size_A / truth.voxel_size_A - 1) > 0.01)
    faults.add(fmt::format("{} has voxels of {:g} Å, {} of {:g} Å", request.labels, found.voxel_size_A, request.truth,
                           truth.voxel_size_A));
  for (size_t k = 0; found.named && truth.named && k < std::min(found.names.size(), truth.names.size()); ++k)
    if (found.names[k] != truth.names[k])
      faults.add(fmt::format("label {} is {} in {} and {} in {}", k, found.names[k], request.labels, truth.names[k],
                             request.truth));
  faults.raise<UserError>("evaluate segmentation");
}

Region region_of(const EvaluateSegmentationRequest& request, Shape3 shape) {
  if (request.held_out.empty()) return {0, shape.z, 0, shape.y, 0, shape.x};
  std::vector<HeldOutRegion> held = held_out_regions(read_model(request.held_out), request.held_out);
  std::erase_if(held, [&](const HeldOutRegion& h) { return h.shape != shape; });
  if (held.empty())
    throw UserError(fmt::format("{}: of no tomogram of {}×{}×{} voxels was anything held out of its training",
                                request.held_out, shape.x, shape.y, shape.z));
  return held.front().region;  // regions of equal shapes are equal
}

// Across z, in the region's middle.
void write_figure(const EvaluateSegmentationRequest& request, const EvaluateSegmentationOutcome& outcome,
                  const LabelFile& truth, const LabelFile& found) {
  const Region& r = outcome.region;
  const auto plane = [&](const Volume<uint8_t>& labels) {
    Volume<int32_t> out({1, r.shape().y, r.shape().x});
    for (int64_t y = r.y0; y < r.y1; ++y)
      for (int64_t x = r.x0; x < r.x1; ++x) out(0, y - r.y0, x - r.x0) = labels((r.z0 + r.z1) / 2, y, x);
    return out;
  };
  std::vector<LabelKind> kinds;
  for (size_t k = 1; k < outcome.scores.size(); ++k) {
    std::string name = outcome.scores[k].name;
    std::replace(name.begin(), name.end(), '_', '-');  // the figure's letters have no underscore
    kinds.push_back({static_cast<int32_t>(k), name, palette_colour(static_cast<int64_t>(k) - 1)});
  }
  const double voxel = truth.voxel_size_A > 0 ? truth.voxel_size_A : std::max(1.0, found.voxel_size_A);
  const int64_t pixels = std::max<int64_t>(1, 480 / std::max(r.shape().x, r.shape().y));
  prepare_folder_of(request.figure);
  write_png(request.figure,
            label_figure({{"true", plane(truth.voxels)}, {"found", plane(found.voxels)}}, kinds, voxel, pixels));
}

}  // namespace

nlohmann::ordered_json EvaluateSegmentationOutcome::json() const {
  auto list = nlohmann::ordered_json::array(), confusion = nlohmann::ordered_json::array();
  for (const LabelScore& s : scores)
    list.push_back(
        {{"label", s.label},
         {"name", s.name},
         {"true_voxels", s.truth},
         {"found_voxels", s.found},
         {"iou", s.iou},
         {"dice", s.dice},
         {"outline_distance_A", s.outline_A < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(s.outline_A)}});
  for (auto row = table.counts.begin(); row != table.counts.end(); row += table.labels)
    confusion.push_back(std::vector<int64_t>(row, row + table.labels));
  return {{"labels", labels},
          {"truth", truth},
          {"region_z0_z1_y0_y1_x0_x1", {region.z0, region.z1, region.y0, region.y1, region.x0, region.x1}},
          {"voxels", table.total()},
          {"pixel_accuracy", table.accuracy()},
          {"background_accuracy", background_accuracy},
          {"mean_iou", table.mean_iou()},
          {"mean_dice", table.mean_dice()},
          {"foreground_iou", table.foreground_iou()},
          {"classes", list},
          {"confusion_true_by_found", confusion}};
}

EvaluateSegmentationOutcome run_evaluate_segmentation(const EvaluateSegmentationRequest& request, ExecContext& context,
                                                      const CommandLine& command_line) {
  Faults faults;
  require_readable(faults, "labels", request.labels);
  require_readable(faults, "truth", request.truth);
  if (!request.held_out.empty()) require_readable(faults, "--held-out", request.held_out);
  faults.raise<UserError>("evaluate segmentation");
  const LabelFile found = read_labels(request.labels), truth = read_labels(request.truth);
  require_fit(request, found, truth);
  EvaluateSegmentationOutcome out;
  out.labels = request.labels;
  out.truth = request.truth;
  out.region = region_of(request, truth.voxels.shape());
  const int labels = static_cast<int>(std::max(found.names.size(), truth.names.size()));
  out.table = tabulate_labels(truth.voxels, found.voxels, out.region, labels);
  out.background_accuracy = static_cast<double>(out.table.truth(0)) / static_cast<double>(out.table.total());
  Progress progress(context.sink, "labels", labels);
  for (int k = 0; k < labels; ++k) {
    const auto& names = static_cast<size_t>(k) < truth.names.size() ? truth.names : found.names;
    LabelScore score{
        k, names[k], out.table.truth(k), out.table.found(k), out.table.at(k, k), out.table.iou(k), out.table.dice(k),
        -1};
    const double voxel = truth.voxel_size_A > 0 ? truth.voxel_size_A : std::max(1.0, found.voxel_size_A);
    if (request.outlines && score.truth > 0 && score.found > 0)
      score.outline_A = voxel * outline_distance(truth.voxels, found.voxels, out.region, k);
    out.scores.push_back(std::move(score));
    throw_if_stopped(context, "nothing was written");
    progress.advance();
  }
  if (!request.figure.empty()) write_figure(request, out, truth, found);
  if (request.output.empty()) return out;
  prepare_folder(request.output);
  RunRecord record("evaluate segmentation", command_line);
  record.set_options(options_json(request));
  record.set_threads(context.threads.count());
  record.add_input(request.labels);
  record.add_input(request.truth);
  record.set_result("evaluate segmentation", out.json());
  record.write(record_path(request.output));
  return out;
}

}  // namespace tessera
