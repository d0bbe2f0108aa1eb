// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/search_volume.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "tessera/base/errors.h"
#include "tessera/fft/plan.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

constexpr int64_t margin = 8;  // new voxels

// One axis cut into blocks: `core` new voxels each, `edge` with the margins.
struct Axis {
  int64_t size = 0, core = 0, edge = 0, count = 0;
};

// Edges are four times a number of small prime factors, so that edge · ratio is a whole number.
Axis cut_axis(int64_t size, double ratio) {
  const auto limit = static_cast<int64_t>(256 / ratio);
  Axis axis;
  axis.size = size;
  const int64_t pieces =
      std::max<int64_t>(1, (size + limit - 2 * margin - 1) / std::max<int64_t>(1, limit - 2 * margin));
  const int64_t wanted = (size + pieces - 1) / pieces + 2 * margin;
  axis.edge = 2 * fast_even_size((wanted + 1) / 2);
  axis.core = axis.edge - 2 * margin;
  axis.core -= axis.core % 4;  // blocks begin at multiples of 4
  axis.count = (size + axis.core - 1) / axis.core;
  return axis;
}

struct BadVoxels {
  int64_t count = 0;
  int64_t x = 0, y = 0, z = 0;  // the first found of the lowest block
  int64_t block = -1;
};

void note_bad(const Volume<float>& box, int64_t z0, int64_t y0, int64_t x0, int64_t block, BadVoxels& bad) {
  const Shape3 n = box.shape();
  int64_t count = 0, first = -1;
  for (int64_t i = 0; i < box.size(); ++i)
    if (!std::isfinite(box[i]) && count++ == 0) first = i;
  if (count == 0) return;
  bad.count += count;
  if (bad.block >= 0 && bad.block < block) return;
  bad.block = block;
  bad.x = x0 + first % n.x;
  bad.y = y0 + first / n.x % n.y;
  bad.z = z0 + first / (n.x * n.y);
}

// Filters the spectrum of a block and cuts it to `shape`.
HalfSpectrum filtered(const HalfSpectrum& in, Shape3 shape, double ratio, const std::function<double(Vec3)>& filter) {
  const Shape3 from = in.real_shape();
  HalfSpectrum out(shape);
  const double scale = 1 / static_cast<double>(from.count());
  for_each_frequency(out, [&](int64_t i, int64_t kz, int64_t ky, int64_t kx) {
    if (2 * std::abs(kz) == shape.z || 2 * std::abs(ky) == shape.y || 2 * kx == shape.x) return;
    const Vec3 k{static_cast<double>(kx) / static_cast<double>(from.x),
                 static_cast<double>(ky) / static_cast<double>(from.y),
                 static_cast<double>(kz) / static_cast<double>(from.z)};
    const double band = search_band(2 * ratio * k.norm());
    if (band == 0 || (kx == 0 && ky == 0 && kz == 0)) return;
    out.data()[i] =
        static_cast<float>(scale * band * filter(k)) * in(wrapped_index(kz, from.z), wrapped_index(ky, from.y), kx);
  });
  return out;
}

}  // namespace

double search_band(double nyquist_share) {
  return cosine_edge(nyquist_share, 0.8, 1.0);
}

double search_ratio(double voxel_size_A, double resolution_A) {
  return std::max(1.0, std::floor(4 * resolution_A / (2 * voxel_size_A)) / 4);
}

SearchVolume make_search_volume(const Tomogram& tomogram, double ratio, double mean,
                                const std::function<double(Vec3)>& filter, ExecContext& context) {
  const auto new_size = [ratio](int64_t n) { return static_cast<int64_t>(std::ceil(static_cast<double>(n) / ratio)); };
  const Shape3 shape{new_size(tomogram.shape.z), new_size(tomogram.shape.y), new_size(tomogram.shape.x)};
  SearchVolume out{Volume<float>(shape), ratio, ratio * tomogram.voxel_size_A};
  const Axis az = cut_axis(shape.z, ratio), ay = cut_axis(shape.y, ratio), ax = cut_axis(shape.x, ratio);
  const auto old = [ratio](int64_t n) { return std::llround(static_cast<double>(n) * ratio); };
  const Shape3 edge{az.edge, ay.edge, ax.edge}, read{old(az.edge), old(ay.edge), old(ax.edge)};
  std::mutex lock;
  BadVoxels bad;
  Progress progress(context.sink, "filtering the tomogram", az.count * ay.count * ax.count);
  context.threads.for_each(az.count * ay.count * ax.count, [&](int64_t block, int) {
    if (context.stop_requested()) return;
    const int64_t z0 = block / (ay.count * ax.count) * az.core, y0 = block / ax.count % ay.count * ay.core,
                  x0 = block % ax.count * ax.core;
    TomogramBox box =
        read_box(tomogram, old(z0 - margin), old(y0 - margin), old(x0 - margin), read, static_cast<float>(mean));
    {
      const std::lock_guard guard(lock);
      note_bad(box.voxels, old(z0 - margin), old(y0 - margin), old(x0 - margin), block, bad);
    }
    for (float& v : box.voxels) v -= static_cast<float>(mean);
    HalfSpectrum spectrum = filtered(spectrum_of(box.voxels), edge, ratio, filter);
    box.voxels = Volume<float>(edge);
    plans().real3(edge).inverse_unscaled(spectrum.data(), box.voxels.data());
    for (int64_t z = z0; z < std::min(z0 + az.core, shape.z); ++z)
      for (int64_t y = y0; y < std::min(y0 + ay.core, shape.y); ++y) {
        const float* row = &box.voxels(z - z0 + margin, y - y0 + margin, margin);
        std::copy(row, row + std::min(ax.core, shape.x - x0), &out.voxels(z, y, x0));
      }
    const std::lock_guard guard(lock);
    progress.advance();
  });
  if (bad.count > 0)
    throw IoError(
        fmt::format("the tomogram has NaN or infinite voxels, one of them at (x, y, z) = ({}, {}, {}): "
                    "reconstruct it again, or replace them (e.g. by the mean)",
                    bad.x, bad.y, bad.z));
  return out;
}

std::vector<uint8_t> search_mask(const SearchVolume& volume, Shape3 tomogram, std::span<const uint8_t> allowed) {
  if (allowed.empty()) return {};
  const Shape3 n = volume.voxels.shape();
  std::vector<uint8_t> out(n.count());
  const auto at = [&](int64_t i, int64_t size) {
    return std::min<int64_t>(size - 1, std::llround(static_cast<double>(i) * volume.ratio));
  };
  for (int64_t z = 0, i = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x, ++i)
        out[i] = allowed[(at(z, tomogram.z) * tomogram.y + at(y, tomogram.y)) * tomogram.x + at(x, tomogram.x)];
  return out;
}

}  // namespace tessera
