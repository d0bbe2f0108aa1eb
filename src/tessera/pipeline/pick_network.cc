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

// Leaves of `peaks`, best first, what is picked.
void choose(std::optional<double> wanted, const HitChance& chance, int64_t keep, std::vector<Peak>& peaks,
            NetworkPicks& out) {
  if (keep > 0) {
    peaks.resize(std::min<size_t>(peaks.size(), static_cast<size_t>(keep)));
    out.threshold = peaks.empty() ? 0 : peaks.back().score;
    return;
  }
  if (wanted) {
    out.threshold = *wanted;
  } else {
    std::vector<float> heights;
    for (const Peak& peak : peaks) heights.push_back(peak.score);
    const ExpectedF1 best = best_expected_f1(heights, chance_among(heights, chance));
    out.threshold = best.threshold;
    out.expected_f1 = best.f1;
  }
  std::erase_if(peaks, [&](const Peak& peak) { return peak.score < out.threshold; });
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
  std::vector<double> radii_voxels;
  for (const ModelClass& c : classes) radii_voxels.push_back(c.radius_A / tomogram.voxel_size_A);
  HeatPeaks found(tomogram.shape, radii_voxels);
  apply_to_blocks(network, tomogram, {block, block_overlap}, context,
                  [&](const BlockAnswer& answer) { found.take(answer.values, answer.block(), answer.told()); });
  return found.peaks(context.threads);
}

NetworkPicks pick_by_network(const NetworkPickRequest& request, const Volume<float>& tomogram, double voxel_size_A,
                             const SearchRegion& region, int64_t border, int64_t keep, ExecContext& context) {
  const Model model = model_for_centres(request, voxel_size_A);
  NetworkPicks out;
  const double ratio = model.voxel_size_A / voxel_size_A;
  out.rescaled = std::abs(ratio - 1) > 0.02;
  const Tomogram as_trained = scaled(tomogram_of(tomogram, voxel_size_A), 0, 1 / region.deviation);
  const Tomogram sized = out.rescaled ? resampled(as_trained, model.voxel_size_A) : as_trained;
  const auto network = network_of(model, request.device, context.threads.count(), request.model);
  std::vector<Peak> candidates;
  for (Peak peak : find_centres(*network, model.classes, sized, request.block, context)) {
    if (out.rescaled) peak.position_voxels = brought_back(peak.position_voxels, sized.shape, tomogram.shape(), ratio);
    if (may_lie(peak.position_voxels, tomogram.shape(), region, border)) candidates.push_back(peak);
  }
  out.candidates = std::ssize(candidates);
  choose(request.threshold, model.chance, keep, candidates, out);
  for (const ModelClass& c : model.classes) out.classes.push_back({c.number, c.name, c.radius_A, 0});
  for (Peak& peak : candidates) {
    NetworkClassReport& of_class = out.classes[static_cast<size_t>(peak.label)];
    ++of_class.picks;
    peak.label = of_class.number;
    peak.radius_voxels = static_cast<float>(of_class.radius_A / voxel_size_A);
  }
  out.peaks = std::move(candidates);
  return out;
}

}  // namespace tessera
