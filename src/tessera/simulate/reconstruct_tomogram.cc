// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/reconstruct_tomogram.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "tessera/fft/plan.h"
#include "tessera/simulate/slab_projector.h"
#include "tessera/simulate/view_filter.h"

namespace tessera {

void ReconstructionOptions::add_faults(Faults& faults) const {
  require_one_of("reconstruction", method, {"wbp", "fourier", "sirt"}, faults);
  require_one_of("weighting", weighting, weighting_names(), faults);
  require_one_of("contrast", contrast, {"bright", "dark"}, faults);
  if (weighting_thickness < 0)
    faults.add(fmt::format("--weighting-thickness must not be negative, {} was given", weighting_thickness));
  if (sirt_iterations < 1) faults.add(fmt::format("--sirt-iterations {}: at least 1", sirt_iterations));
  if (!(sirt_relaxation > 0 && sirt_relaxation < 2))
    faults.add(fmt::format("--sirt-relaxation must lie between 0 and 2, {} was given", sirt_relaxation));
}

void pad_row(const float* row, int64_t count, int64_t length, float* out) {
  std::copy_n(row, count, out);
  const float last = row[count - 1], step = (row[0] - last) / static_cast<float>(length - count + 1);
  for (int64_t i = count; i < length; ++i) out[i] = last + step * static_cast<float>(i - count + 1);
}

void filter_rows(Volume<float>& images, const ViewFilters& filters, ExecContext& context) {
  const Shape3 shape = images.shape();
  const int64_t length = 2 * (static_cast<int64_t>(filters.front().size()) - 1);
  const RealFftRows rows(length, 1);
  const auto scale = 1 / static_cast<float>(length);
  context.threads.for_each(shape.z, [&](int64_t j, int) {
    AlignedVector<float> padded(length);
    AlignedVector<std::complex<float>> spectrum(length / 2 + 1);
    for (int64_t y = 0; y < shape.y; ++y) {
      pad_row(&images(j, y, 0), shape.x, length, padded.data());
      rows.forward(padded.data(), spectrum.data());
      for (size_t u = 0; u < spectrum.size(); ++u) spectrum[u] *= filters[j][u] * scale;
      rows.inverse_unscaled(spectrum.data(), padded.data());
      std::copy_n(padded.data(), shape.x, &images(j, y, 0));
    }
  });
}

Volume<float> back_project_filtered(const Volume<float>& images, const std::vector<double>& tilts, int64_t thickness,
                                    ExecContext& context) {
  const Shape3 shape = images.shape();
  const SlabProjector projector(shape.x, thickness, shape.x, tilts);
  Volume<float> out({thickness, shape.y, shape.x});
  const int64_t blocks = (shape.y + block_rows - 1) / block_rows;
  Progress progress(context.sink, "back-projecting", blocks);
  std::mutex progress_lock;
  context.threads.for_each(blocks, [&](int64_t block, int) {
    if (context.stop_requested())
      throw Interrupted("stopped while the tomogram was reconstructed; nothing was written");
    Strip views(shape.z, shape.x), volume(thickness, shape.x);
    for (int64_t j = 0; j < shape.z; ++j) gather_plane(images, j, block * block_rows, views.row(j, 0));
    projector.back_project(views, volume);
    for (int64_t z = 0; z < thickness; ++z) scatter_plane(volume.row(z, 0), z, block * block_rows, out);
    const std::lock_guard lock(progress_lock);
    progress.advance();
  });
  return out;
}

Volume<float> reconstruct_tomogram(Volume<float>& images, const std::vector<double>& tilts, int64_t thickness,
                                   const ReconstructionOptions& options, ExecContext& context,
                                   ReconstructionReport* report) {
  if (images.shape().z != static_cast<int64_t>(tilts.size()) || tilts.empty())
    throw InternalError("a tilt series with another number of images than of angles");
  const auto filters = [&](int64_t least_length) {
    const int64_t depth = options.weighting_thickness > 0 ? options.weighting_thickness : thickness;
    return view_filters(tilts, options.weighting, depth, fast_even_size(least_length));
  };
  Volume<float> out;
  if (options.method == "fourier") {
    out = invert_fourier(images, tilts, thickness, filters(2 * images.shape().x), context);
  } else if (options.method == "sirt") {
    out = iterate_sirt(images, tilts, thickness, options, context, report);
  } else {
    filter_rows(images, filters(2 * images.shape().x), context);
    out = back_project_filtered(images, tilts, thickness, context);
  }
  if (options.contrast == "dark")
    for (float& value : out) value = -value;
  return out;
}

}  // namespace tessera
