// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <mutex>

#include "tessera/simulate/reconstruct_tomogram.h"
#include "tessera/simulate/slab_projector.h"

namespace tessera {
namespace {

// So wide that every ray of every image stays inside, at most three times the image.
int64_t wide_slab(int64_t width, int64_t thickness, const std::vector<double>& tilts) {
  double widest = static_cast<double>(width);
  for (const double tilt : tilts)
    widest = std::max(widest, (static_cast<double>(width) + static_cast<double>(thickness) * std::abs(std::sin(tilt))) /
                                  std::cos(tilt));
  const auto wanted = static_cast<int64_t>(std::ceil(widest)) + 8;
  return std::min(wanted + wanted % 2, 3 * width);
}

// 1/value; 0 where the value is less than a quarter of the largest: a ray or voxel hardly seen.
void invert(AlignedVector<float>& values) {
  const float largest = *std::max_element(values.begin(), values.end());
  for (float& value : values) value = value > 0.25f * largest ? 1 / value : 0;
}

void set_to(Strip& strip, float value) {
  std::fill(strip.values.begin(), strip.values.end(), value);
}

struct Weights {
  Strip rows, columns;
};

// Inverse row sums for each image by itself (a ray is longer the higher the tilt), inverse column sums for the slab.
Weights make_weights(const SlabProjector& projector, int64_t tilts, int64_t image_width, int64_t thickness,
                     int64_t slab_width) {
  Weights out{Strip(tilts, image_width), Strip(thickness, slab_width)};
  Strip ones(thickness, slab_width), images(tilts, image_width);
  set_to(ones, 1);
  projector.project(ones, out.rows);
  for (int64_t j = 0; j < tilts; ++j) {
    AlignedVector<float> row(out.rows.row(j, 0), out.rows.row(j, 0) + image_width * block_rows);
    invert(row);
    std::copy(row.begin(), row.end(), out.rows.row(j, 0));
  }
  set_to(images, 1);
  projector.back_project(images, out.columns);
  invert(out.columns.values);
  return out;
}

double squared(const Strip& strip) {
  double sum = 0;
  for (const float value : strip.values) sum += static_cast<double>(value) * value;
  return sum;
}

}  // namespace

Volume<float> iterate_sirt(const Volume<float>& images, const std::vector<double>& tilts, int64_t thickness,
                           const ReconstructionOptions& options, ExecContext& context, ReconstructionReport* report) {
  const Shape3 shape = images.shape();
  const int64_t wide = wide_slab(shape.x, thickness, tilts), left = wide / 2 - shape.x / 2;
  const SlabProjector projector(wide, thickness, shape.x, tilts);
  const Weights weights = make_weights(projector, shape.z, shape.x, thickness, wide);
  const auto relaxation = static_cast<float>(options.sirt_relaxation);
  const int64_t blocks = (shape.y + block_rows - 1) / block_rows;
  std::vector<std::vector<double>> residual(blocks);
  std::vector<double> power(blocks);
  Volume<float> out({thickness, shape.y, shape.x});
  Progress progress(context.sink, "sirt", blocks * options.sirt_iterations);
  std::mutex progress_lock;
  context.threads.for_each(blocks, [&](int64_t block, int) {
    Strip measured(shape.z, shape.x), difference(shape.z, shape.x), volume(thickness, wide), step(thickness, wide);
    for (int64_t j = 0; j < shape.z; ++j) gather_plane(images, j, block * block_rows, measured.row(j, 0));
    power[block] = squared(measured);
    for (int iteration = 0; iteration <= options.sirt_iterations; ++iteration) {
      if (context.stop_requested())
        throw Interrupted("stopped while the tomogram was reconstructed; nothing was written");
      set_to(difference, 0);
      projector.project(volume, difference);
      for (size_t i = 0; i < difference.values.size(); ++i)
        difference.values[i] = measured.values[i] - difference.values[i];
      residual[block].push_back(squared(difference));
      if (iteration == options.sirt_iterations) break;
      for (size_t i = 0; i < difference.values.size(); ++i) difference.values[i] *= weights.rows.values[i];
      set_to(step, 0);
      projector.back_project(difference, step);
      for (size_t i = 0; i < step.values.size(); ++i)
        volume.values[i] += relaxation * weights.columns.values[i] * step.values[i];
      const std::lock_guard lock(progress_lock);
      progress.advance();
    }
    for (int64_t z = 0; z < thickness; ++z) scatter_plane(volume.row(z, left), z, block * block_rows, out);
  });
  if (report) {
    double whole = 0;
    for (const double value : power) whole += value;
    report->residuals.assign(options.sirt_iterations + 1, 0.0);
    for (const auto& of_block : residual)
      for (size_t i = 0; i < of_block.size(); ++i) report->residuals[i] += of_block[i] / std::max(whole, 1e-300);
  }
  return out;
}

}  // namespace tessera
