// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/layered_projection.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/fft/plan.h"
#include "tessera/simulate/line_kernel.h"
#include "tessera/simulate/slab_projector.h"

namespace tessera {
namespace {

constexpr int64_t guard = LineKernel::width;

struct Window {
  int64_t margin, width, wide;  // image pixels beyond the box, pixels in all, and with guards
};

// Adds one voxel of weight `part` to a layer.
void spread(const float* voxel, float part, const float (&weights)[LineKernel::width], float* pixels) {
  for (int tap = 0; tap < LineKernel::width; ++tap) {
    const float weight = part * weights[tap];
    for (int64_t r = 0; r < block_rows; ++r) pixels[tap * block_rows + r] += weight * voxel[r];
  }
}

// Adds plane z, [x][block_rows], to the layers of one view, [layer][wide][block_rows].
void add_plane(const float* plane, const float* beside, int64_t width, int64_t centred_z, const LayerPlan& view,
               const Window& window, const std::string& surroundings, float* layers) {
  const LineKernel& kernel = LineKernel::instance();
  const double cosine = std::cos(view.tilt), sine = std::sin(view.tilt), z = static_cast<double>(centred_z);
  const auto half = static_cast<double>(width / 2);
  // x_image of voxel x, in pixels of the window: those that touch it, and no others.
  const double offset = z * sine + half + static_cast<double>(window.margin) - half * cosine;
  int64_t first_x = static_cast<int64_t>(std::ceil((-4 - offset) / cosine)),
          last_x = static_cast<int64_t>(std::floor((static_cast<double>(window.width) + 3 - offset) / cosine));
  if (surroundings == "ice") {
    first_x = std::max<int64_t>(first_x, 0);
    last_x = std::min(last_x, width - 1);
  }
  for (int64_t x = first_x; x <= last_x; ++x) {
    const double at = offset + static_cast<double>(x) * cosine, floor = std::floor(at);
    const int64_t first = static_cast<int64_t>(floor) - 3;
    if (first + LineKernel::width <= 0 || first >= window.width) continue;
    const float* voxel = beside;
    if (x >= 0 && x < width)
      voxel = plane + x * block_rows;
    else if (surroundings == "periodic")
      voxel = plane + ((x % width + width) % width) * block_rows;
    float weights[LineKernel::width];
    kernel.weights(static_cast<float>(at - floor), weights);
    float* pixels = layers + (first + guard) * block_rows;
    if (view.layers == 1) {
      spread(voxel, 1, weights, pixels);
      continue;
    }
    const double height = z * cosine - (static_cast<double>(x) - half) * sine;
    const double place =
        std::clamp((height - view.first_height) / view.spacing, 0.0, static_cast<double>(view.layers - 1));
    const int64_t layer = std::min(static_cast<int64_t>(place), view.layers - 2);
    const auto upper = static_cast<float>(place - static_cast<double>(layer));
    spread(voxel, 1 - upper, weights, pixels + layer * window.wide * block_rows);
    spread(voxel, upper, weights, pixels + (layer + 1) * window.wide * block_rows);
  }
}

// Rows of a strip to rows of a padded image; columns before the first go to the far end.
void place_rows(const float* strip, const Window& window, int64_t first_y, int64_t rows, const PaddedFrame& frame,
                float* image) {
  for (int64_t r = 0; r < rows; ++r) {
    float* to = image + (first_y + r) * frame.shape.x;
    for (int64_t x = 0; x < window.width; ++x) {
      const int64_t column = x - window.margin;
      to[column < 0 ? column + frame.shape.x : column] = strip[(x + guard) * block_rows + r];
    }
  }
}

// Rows beyond the box, above and below.
void fill_margin_rows(int64_t rows, const PaddedFrame& frame, const std::string& surroundings, float* image) {
  if (surroundings == "ice") return;
  const int64_t columns = frame.shape.x;
  std::vector<float> mean(columns, 0.0f);
  if (surroundings == "mean") {
    for (int64_t y = 0; y < rows; ++y)
      for (int64_t x = 0; x < columns; ++x) mean[x] += image[y * columns + x];
    for (float& value : mean) value /= static_cast<float>(rows);
  }
  for (int64_t step = 1; step <= frame.margin; ++step)
    for (const int64_t y : {-step, rows + step - 1}) {
      float* to = image + (y < 0 ? y + frame.shape.y : y) * columns;
      const float* from = surroundings == "mean" ? mean.data() : image + ((y % rows + rows) % rows) * columns;
      std::copy_n(from, columns, to);
    }
}

}  // namespace

const std::vector<std::string>& surroundings_names() {
  static const std::vector<std::string> names = {"periodic", "mean", "ice"};
  return names;
}

LayerPlan plan_layers(double tilt, Shape3 specimen, int64_t image_width, double spacing,
                      const std::string& surroundings) {
  const double cosine = std::cos(tilt), sine = std::abs(std::sin(tilt));
  const double half_image = 0.5 * static_cast<double>(image_width) + 8, half_z = 0.5 * static_cast<double>(specimen.z);
  double half = half_image * sine / cosine + half_z / cosine;
  if (surroundings == "ice") half = std::min(half, 0.5 * static_cast<double>(specimen.x) * sine + half_z * cosine);
  LayerPlan plan{tilt, 1, 0, 1};
  if (8 * half <= spacing) return plan;
  plan.layers = static_cast<int64_t>(std::ceil(2 * half / spacing)) + 1;
  plan.first_height = -half;
  plan.spacing = 2 * half / static_cast<double>(plan.layers - 1);
  return plan;
}

PaddedFrame padded_frame(Shape3 specimen, int64_t margin) {
  return {margin, {1, fast_even_size(specimen.y + 2 * margin), fast_even_size(specimen.x + 2 * margin)}};
}

std::vector<std::vector<AlignedVector<float>>> project_layers(const Volume<float>& specimen,
                                                              const std::vector<LayerPlan>& views,
                                                              const PaddedFrame& frame, const std::string& surroundings,
                                                              ExecContext& context) {
  const Shape3 shape = specimen.shape();
  const Window window{frame.margin, shape.x + 2 * frame.margin, shape.x + 2 * frame.margin + 2 * guard};
  std::vector<std::vector<AlignedVector<float>>> out;
  for (const LayerPlan& view : views) out.emplace_back(view.layers, AlignedVector<float>(frame.shape.count(), 0.0f));
  std::vector<float> plane_mean(shape.z, 0.0f);
  if (surroundings == "mean")
    context.threads.for_each(shape.z, [&](int64_t z, int) {
      double sum = 0;
      for (int64_t i = 0; i < shape.y * shape.x; ++i) sum += specimen[z * shape.y * shape.x + i];
      plane_mean[z] = static_cast<float>(sum / static_cast<double>(shape.y * shape.x));
    });
  context.threads.for_each((shape.y + block_rows - 1) / block_rows, [&](int64_t block, int) {
    if (context.stop_requested()) throw Interrupted("stopped while the tilt series was projected; nothing was written");
    const int64_t first_y = block * block_rows, rows = std::min(block_rows, shape.y - first_y);
    AlignedVector<float> plane(shape.x * block_rows), beside(block_rows);
    std::vector<AlignedVector<float>> layers;
    for (const LayerPlan& view : views) layers.emplace_back(view.layers * window.wide * block_rows, 0.0f);
    for (int64_t z = 0; z < shape.z; ++z) {
      gather_plane(specimen, z, first_y, plane.data());
      std::fill(beside.begin(), beside.end(), plane_mean[z]);
      for (size_t v = 0; v < views.size(); ++v)
        add_plane(plane.data(), beside.data(), shape.x, z - shape.z / 2, views[v], window, surroundings,
                  layers[v].data());
    }
    for (size_t v = 0; v < views.size(); ++v)
      for (int64_t l = 0; l < views[v].layers; ++l)
        place_rows(&layers[v][l * window.wide * block_rows], window, first_y, rows, frame, out[v][l].data());
  });
  for (auto& view : out)
    context.threads.for_each(static_cast<int64_t>(view.size()),
                             [&](int64_t l, int) { fill_margin_rows(shape.y, frame, surroundings, view[l].data()); });
  return out;
}

}  // namespace tessera
