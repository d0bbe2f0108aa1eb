// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/pick_network.h"

#include <algorithm>
#include <cmath>

#include "tessera/nn/blockwise.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {
namespace {

// Wide enough that blocks give what the whole would (nn/blockwise.h).
constexpr int block_overlap = 40;
// With a number of picks asked for, any peak counts that is more than nothing.
constexpr double least_heat = 0.02;

// Positions of a volume sampled anew (volume/tomogram.h: resampled) in voxels of the tomogram.
Vec3 brought_back(Vec3 at, Shape3 sampled, Shape3 shape, double ratio) {
  const auto back = [ratio](double v, int64_t m, int64_t n) {
    return (v - static_cast<double>(m / 2)) * ratio + static_cast<double>(n / 2);
  };
  return {back(at.x, sampled.x, shape.x), back(at.y, sampled.y, shape.y), back(at.z, sampled.z, shape.z)};
}

bool may_lie(Vec3 at, Shape3 shape, const SearchRegion& region, int64_t border) {
  const int64_t x = std::llround(at.x), y = std::llround(at.y), z = std::llround(at.z);
  const auto inside = [border](int64_t v, int64_t n) { return v >= border && v < n - border; };
  if (!inside(x, shape.x) || !inside(y, shape.y) || !inside(z, shape.z)) return false;
  return region.allowed.empty() || region.allowed[static_cast<size_t>((z * shape.y + y) * shape.x + x)] != 0;
}

Model model_for_centres(const NetworkPickRequest& request, double voxel_size_A) {
  Model model = read_model(request.file());
  if (!finds_centres(model.network.network))
    throw UserError(fmt::format("{}: a {} does not find particles; train one with tessera train --network unet3d",
                                request.model, model.network.network));
  if (std::abs(model.voxel_size_A / voxel_size_A - 1) > 0.02 && !request.rescale)
    throw UserError(
        fmt::format("the tomogram has voxels of {:g} Å; {} was trained for {:g} Å: give --rescale, or train "
                    "anew",
                    voxel_size_A, request.model, model.voxel_size_A));
  return model;
}

}  // namespace

void NetworkPickRequest::add_faults(Faults& faults) const {
  require_readable(faults, "--model", file());
  if (threshold && !(*threshold >= 0 && *threshold <= 1))
    faults.add(fmt::format("--heat-threshold {}: 0 to 1", *threshold));
  if (block < 2 * block_overlap || block > 512 || block % segmentation_grid != 0)
    faults.add(fmt::format("--block {}: a multiple of {}, {} to 512", block, segmentation_grid, 2 * block_overlap));
  require_one_of("device", device, {"cpu", "cuda"}, faults);
  std::string reason;
  if (!networks_available(&reason)) faults.add(reason);
}

std::vector<Peak> find_centres(Network& network, const std::vector<ModelClass>& classes, const Tomogram& tomogram,
                               int block, ExecContext& context) {
  std::vector<HeatClass> of_maps;
  for (const ModelClass& c : classes) of_maps.push_back({c.radius_A / tomogram.voxel_size_A, c.threshold});
  HeatPeaks found(tomogram.shape, of_maps);
  apply_in_blocks(network, static_cast<int>(classes.size()), tomogram, {block, block_overlap}, context,
                  [&](int64_t z, const std::vector<float>& plane) { found.take(z, plane, context.threads); });
  return found.peaks();
}

NetworkPicks pick_by_network(const NetworkPickRequest& request, const Volume<float>& tomogram, double voxel_size_A,
                             const SearchRegion& region, int64_t border, int64_t keep, ExecContext& context) {
  Model model = model_for_centres(request, voxel_size_A);
  for (ModelClass& c : model.classes) c.threshold = keep > 0 ? least_heat : request.threshold.value_or(c.threshold);
  NetworkPicks out;
  const double ratio = model.voxel_size_A / voxel_size_A;
  out.rescaled = std::abs(ratio - 1) > 0.02;
  const Tomogram as_trained = scaled(tomogram_of(tomogram, voxel_size_A), 0, 1 / region.deviation);
  const Tomogram sized = out.rescaled ? resampled(as_trained, model.voxel_size_A) : as_trained;
  const auto network = network_of(model, request.device, context.threads.count(), request.model);
  for (const ModelClass& c : model.classes) out.classes.push_back({c.number, c.name, c.radius_A, c.threshold, 0});
  for (Peak peak : find_centres(*network, model.classes, sized, request.block, context)) {
    if (out.rescaled) peak.position_voxels = brought_back(peak.position_voxels, sized.shape, tomogram.shape(), ratio);
    if (!may_lie(peak.position_voxels, tomogram.shape(), region, border)) continue;
    if (keep > 0 && std::ssize(out.peaks) == keep) break;
    NetworkClassReport& of_class = out.classes[static_cast<size_t>(peak.label)];
    ++of_class.picks;
    peak.label = of_class.number;
    peak.radius_voxels = static_cast<float>(of_class.radius_A / voxel_size_A);
    out.peaks.push_back(peak);
  }
  return out;
}

}  // namespace tessera
