// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/extraction.h"

#include <algorithm>
#include <cmath>

#include "tessera/fft/plan.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

struct Sums {
  int64_t count = 0;
  double sum = 0, square = 0;
  void add(double value) { ++count, sum += value, square += value * value; }
  double mean() const { return count > 0 ? sum / static_cast<double>(count) : 0; }
  double deviation() const {
    return count > 0 ? std::sqrt(std::max(0.0, square / static_cast<double>(count) - mean() * mean())) : 0;
  }
};

// Calls visit(index, inside) for all voxels of a box as read.
template <typename Visit>
void for_each_voxel(const TomogramBox& box, Visit&& visit) {
  const Shape3 n = box.voxels.shape();
  for (int64_t z = 0, i = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x, ++i)
        visit(i, z >= box.z0 && z < box.z1 && y >= box.y0 && y < box.y1 && x >= box.x0 && x < box.x1);
}

void fill_border(TomogramBox& box, bool noise, Random& random) {
  if (box.inside() == box.voxels.size()) return;
  Sums sums;
  for_each_voxel(box, [&](int64_t i, bool inside) {
    if (inside) sums.add(box.voxels[i]);
  });
  const double mean = sums.mean(), deviation = noise ? sums.deviation() : 0;
  for_each_voxel(box, [&](int64_t i, bool inside) {
    if (!inside) box.voxels[i] = static_cast<float>(deviation > 0 ? mean + deviation * random.normal() : mean);
  });
}

Vec3 rounded(Vec3 v) {
  return {std::round(v.x), std::round(v.y), std::round(v.z)};
}

// Edge, in voxels of the output, of what is read; more than the box where it goes through Fourier space.
int64_t window_edge(const ExtractionOptions& options, bool transformed) {
  return transformed ? fast_even_size(options.box + 16) : options.box;
}

// Mean and deviation of what lies inside the tomogram, of the box's or the background's voxels.
Sums measure(const Volume<float>& voxels, const Shape3& tomogram, Vec3 place, const ExtractionOptions& options,
             double background_radius) {
  Sums sums;
  const int64_t box = options.box;
  const auto inside = [&](double at, int64_t size) { return at >= -0.5 && at < static_cast<double>(size) - 0.5; };
  for (int64_t z = 0, i = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x, ++i) {
        const Vec3 d{static_cast<double>(x - box / 2), static_cast<double>(y - box / 2),
                     static_cast<double>(z - box / 2)};
        const Vec3 at = place + d * options.bin;
        if (inside(at.x, tomogram.x) && inside(at.y, tomogram.y) && inside(at.z, tomogram.z) &&
            d.norm() >= background_radius)
          sums.add(voxels[i]);
      }
  return sums;
}

}  // namespace

void ExtractionOptions::add_faults(Faults& faults) const {
  if (box < 4 || box > 2048 || box % 2 != 0)
    faults.add(fmt::format("--box {}: an even number of voxels, 4 to 2048, is needed", box));
  if (bin < 1 || bin > 64) faults.add(fmt::format("--bin {}: 1 to 64", bin));
  require_one_of("border", border, {"mean", "noise", "drop"}, faults);
  require_one_of("normalise", normalise, {"box", "background", "none"}, faults);
  require_one_of("contrast", contrast, {"bright", "dark"}, faults);
  if (background_diameter_A && !(*background_diameter_A > 0))
    faults.add(fmt::format("--background-diameter {:g}: above 0", *background_diameter_A));
}

double share_outside(const Shape3& tomogram, Vec3 centre, const ExtractionOptions& options) {
  const int64_t edge = static_cast<int64_t>(options.box) * options.bin;
  const auto inside = [edge](double at, int64_t size) {
    const int64_t first = std::llround(at) - edge / 2;
    return std::max<int64_t>(0, std::min(first + edge, size) - std::max<int64_t>(first, 0));
  };
  const auto all = static_cast<double>(edge);
  return 1 - static_cast<double>(inside(centre.x, tomogram.x)) / all *
                 static_cast<double>(inside(centre.y, tomogram.y)) / all *
                 static_cast<double>(inside(centre.z, tomogram.z)) / all;
}

ExtractedBox extract_box(const Tomogram& tomogram, Vec3 centre, const ExtractionOptions& options, Random random) {
  ExtractedBox out;
  const Vec3 voxel = rounded(centre), fraction = centre - voxel;
  const bool moved = options.subvoxel && fraction.norm() > 0, transformed = moved || options.bin > 1;
  out.place = options.subvoxel ? centre : voxel;
  out.offset = options.subvoxel ? Vec3{} : fraction;
  out.outside = share_outside(tomogram.shape, centre, options);
  const int64_t kept = window_edge(options, transformed), edge = kept * options.bin;
  const auto first = [edge](double at) { return static_cast<int64_t>(at) - edge / 2; };
  TomogramBox window = read_box(tomogram, first(voxel.z), first(voxel.y), first(voxel.x), Shape3::cube(edge));
  const Statistics values = statistics(window.voxels);
  if (values.not_finite > 0) {
    out.fault = fmt::format("{} voxels are NaN or infinite", values.not_finite);
    return out;
  }
  fill_border(window, options.border == "noise", random);
  if (transformed) {
    HalfSpectrum spectrum = centred_spectrum(window.voxels);
    if (moved) shift_spectrum(spectrum, -fraction);
    window.voxels = resize_volume(centred_volume(resize_spectrum(spectrum, kept)), Shape3::cube(options.box));
  }
  out.voxels = std::move(window.voxels);
  double mean = 0, scale = options.contrast == "dark" ? -1 : 1;
  if (options.normalise != "none") {
    const double diameter_voxels = options.background_diameter_A.value_or(0) / (tomogram.voxel_size_A * options.bin);
    const double radius = 0.5 * (diameter_voxels > 0 ? diameter_voxels : 0.75 * options.box);
    const Sums sums =
        measure(out.voxels, tomogram.shape, out.place, options, options.normalise == "background" ? radius : 0);
    if (sums.count < 8)
      out.fault = "no background: the sphere of --background-diameter fills the box";
    else if (!(sums.deviation() > 1e-6 * std::abs(sums.mean())) || !(sums.deviation() > 0))
      out.fault = "all voxels are the same";
    if (!out.fault.empty()) return out;
    mean = sums.mean();
    scale /= sums.deviation();
  }
  for (float& v : out.voxels) v = static_cast<float>((v - mean) * scale);
  return out;
}

}  // namespace tessera
