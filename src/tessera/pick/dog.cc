// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/dog.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "tessera/base/quantile.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

constexpr int64_t most_peaks = 2'000'000;  // kept of each scale: 96 MB
constexpr int64_t most_samples = 1'000'000;
constexpr double least_sigma = 0.5;

bool too_wide(double sigma, double ratio, Shape3 shape) {
  return 4 * ratio * sigma > static_cast<double>(std::min({shape.x, shape.y, shape.z}));
}

// Gathers values of D at points a filter's width apart, plane by plane.
class Samples {
 public:
  Samples(Shape3 shape, std::span<const uint8_t> allowed, int64_t border, double sigma)
      : shape_(shape), allowed_(allowed), border_(border), sigma_(sigma) {
    step_ = std::max<int64_t>(1, static_cast<int64_t>(sigma));
    while (shape.count() / (step_ * step_ * step_) > most_samples) ++step_;
  }

  void add(const float* plane, int64_t z) {
    if (z % step_ != 0 || z < border_ || z >= shape_.z - border_) return;
    for (int64_t y = border_; y < shape_.y - border_; y += step_)
      for (int64_t x = border_; x < shape_.x - border_; x += step_)
        if (allowed_.empty() || allowed_[(z * shape_.y + y) * shape_.x + x]) values_.push_back(plane[y * shape_.x + x]);
  }

  void summarise(DogScale& scale) {
    if (values_.empty()) return;
    scale.median = quantile(values_, 0.5);
    scale.spread = scale.median - quantile(values_, 0.1587);
    double mean = 0, second = 0, third = 0;
    for (const float v : values_) mean += v;
    mean /= static_cast<double>(values_.size());
    for (const float v : values_) {
      const double d = v - mean;
      second += d * d;
      third += d * d * d;
    }
    const auto n = static_cast<double>(values_.size());
    scale.skewness = second > 0 ? third / n / std::pow(second / n, 1.5) : 0;
    // Values of white noise are independent over (2√π σ)³ voxels (the filter's squared norm): not more than samples.
    const double room = n * std::pow(static_cast<double>(step_), 3) / std::pow(2 * std::sqrt(pi) * sigma_, 3);
    scale.skewness_error = std::sqrt(6 / std::max(1.0, std::min(n, room)));
  }

 private:
  Shape3 shape_;
  std::span<const uint8_t> allowed_;
  int64_t border_, step_;
  double sigma_;
  std::vector<float> values_;
};

void check_scales(const std::vector<double>& sigmas, const DogOptions& options, Shape3 shape, double voxel_size_A) {
  Faults faults;
  const int64_t least = std::min({shape.x, shape.y, shape.z});
  for (const double sigma : sigmas) {
    if (sigma < least_sigma)
      faults.add(fmt::format("σ₁ {:.3g} Å is less than half a voxel of {:.3g} Å: it cannot smooth; give more",
                             sigma * voxel_size_A, voxel_size_A));
    else if (too_wide(sigma, options.ratio, shape))
      faults.add(fmt::format(
          "σ₁ {:.4g} Å is too wide for a tomogram of {} × {} × {} voxels (x, y, z): 4 K σ₁ = {:.4g} Å exceeds its "
          "thickness of {:.4g} Å; give a smaller --diameter or --sigma",
          sigma * voxel_size_A, shape.x, shape.y, shape.z, 4 * options.ratio * sigma * voxel_size_A,
          static_cast<double>(least) * voxel_size_A));
  }
  faults.raise<UserError>("difference of Gaussians");
}

// Wrong contrast shows in the sign of the skewness: particles are few and strong, their surroundings many and weak.
void note_contrast(const std::vector<DogScale>& scales, std::vector<std::string>& notes) {
  double errors = 0;
  std::string figures;
  for (const DogScale& s : scales) {
    errors += s.skewness / s.skewness_error;
    figures += fmt::format("{}{:.2f} ± {:.2f}", figures.empty() ? "" : ", ", s.skewness, s.skewness_error);
  }
  if (errors < -3.5 * std::sqrt(static_cast<double>(scales.size())))
    notes.push_back(
        fmt::format("the contrast looks wrong: the filtered values are skewed away from the particles "
                    "asked for (skewness {}); try the other --contrast",
                    figures));
}

// What a scale gives: its maxima and, where asked for, its minima as maxima of −D.
struct ScalePeaks {
  PeakList bright, dark;
};

ScalePeaks scan_scale(const Volume<float>& tomogram, const SearchRegion& region, const GaussianDifference& filter,
                      const PeakOptions& options, bool both, Samples& samples, Progress& progress,
                      ExecContext& context) {
  const Shape3 shape = tomogram.shape();
  PeakScan bright(shape, options, region.allowed), dark(shape, options, region.allowed);
  int64_t sampled = 0;
  std::vector<float> negative;
  std::vector<const float*> turned;
  scan_gaussian_difference(tomogram, region.allowed, filter, context.threads,
                           [&](std::span<const float* const> planes, int64_t first) {
                             const int64_t end = first + std::ssize(planes), plane = shape.y * shape.x;
                             for (int64_t z = std::max(first, sampled); z < end; ++z) samples.add(planes[z - first], z);
                             progress.advance(end - sampled);
                             sampled = end;
                             bright.add_planes(planes, first + 1, context.threads);
                             if (both) {
                               negative.resize(planes.size() * plane);
                               turned.clear();
                               for (size_t i = 0; i < planes.size(); ++i) {
                                 float* to = &negative[i * plane];
                                 std::transform(planes[i], planes[i] + plane, to, std::negate<>());
                                 turned.push_back(to);
                               }
                               dark.add_planes(turned, first + 1, context.threads);
                             }
                             if (context.stop_requested()) throw Interrupted("nothing was written");
                           });
  return {bright.take(), both ? dark.take() : PeakList()};
}

// The scores of peaks that reach a scale's threshold.
void pool(const std::vector<Peak>& from, double sign, double threshold, const auto& score, Peak like,
          std::vector<Peak>& to) {
  for (Peak peak : from) {
    peak.score = static_cast<float>(score(sign * peak.score));
    if (peak.score < static_cast<float>(threshold)) continue;
    peak.radius_voxels = like.radius_voxels;
    peak.label = like.label;
    to.push_back(peak);
  }
}

}  // namespace

double mirror_threshold(std::span<const Peak> scores, std::span<const Peak> opposite, double share) {
  const auto falling = [](std::span<const Peak> peaks) {
    std::vector<float> out;
    for (const Peak& peak : peaks) out.push_back(peak.score);
    std::sort(out.rbegin(), out.rend());
    return out;
  };
  const std::vector<float> ours = falling(scores), theirs = falling(opposite);
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0, j = 0; i < ours.size(); ++i) {
    while (j < theirs.size() && theirs[j] >= ours[i]) ++j;
    if (static_cast<double>(j) <= share * static_cast<double>(i + 1)) least = ours[i];
  }
  return least;
}

DogPicks pick_by_dog(const Volume<float>& tomogram, const SearchRegion& region, const DogOptions& options,
                     double voxel_size_A, int64_t border_voxels, ExecContext& context) {
  const Shape3 shape = tomogram.shape();
  std::vector<double> sigmas = options.sigmas_voxels(voxel_size_A);
  if (options.any_size())
    std::erase_if(sigmas, [&](double s) { return s < least_sigma || too_wide(s, options.ratio, shape); });
  if (sigmas.empty())
    throw UserError(
        fmt::format("particles of {:g} to {:g} Å do not fit voxels of {:.4g} Å in a tomogram of {} × {} × {} "
                    "(x, y, z); give --diameter",
                    DogOptions::usual_diameters_A().front(), DogOptions::usual_diameters_A().back(), voxel_size_A,
                    shape.x, shape.y, shape.z));
  check_scales(sigmas, options, shape, voxel_size_A);
  DogPicks out;
  std::vector<Peak> bright, dark;
  const bool spread = options.scale_units == "spread", mirror = options.threshold == "mirror";
  Progress progress(context.sink, "difference of Gaussians", static_cast<int64_t>(sigmas.size()) * shape.z);
  for (size_t s = 0; s < sigmas.size(); ++s) {
    const GaussianDifference filter{sigmas[s], options.ratio};
    DogScale& scale = out.scales.emplace_back();
    scale.sigma_A = sigmas[s] * voxel_size_A;
    scale.radius_A = filter.radius_voxels() * voxel_size_A;
    Samples samples(shape, region.allowed, border_voxels, sigmas[s]);
    const ScalePeaks found = scan_scale(tomogram, region, filter,
                                        {.neighbours = options.neighbours, .border = border_voxels, .keep = most_peaks},
                                        mirror, samples, progress, context);
    samples.summarise(scale);
    const PeakList& list = found.bright;
    scale.lowest_peak = list.lowest;
    scale.highest_peak = list.highest;
    scale.peaks = list.all;
    const double weight = std::pow(sigmas[s] / sigmas.back(), options.scale_power);
    const auto score = [&](double value) {
      return weight * (spread ? (value - scale.median) / std::max(scale.spread, 1e-30) : value);
    };
    const auto below = [&](double value) { return -score(value); };
    if (options.threshold == "level")
      scale.threshold = score(list.lowest + options.level * (double(list.highest) - list.lowest) / 20);
    else if (options.threshold == "spread")
      scale.threshold = spread ? options.spreads : score(scale.median + options.spreads * scale.spread);
    else
      scale.threshold = mirror ? 0 : score(list.lowest);
    Peak like;
    like.radius_voxels = static_cast<float>(filter.radius_voxels());
    like.label = static_cast<int32_t>(s);
    pool(list.peaks, 1, scale.threshold, score, like, bright);
    pool(found.dark.peaks, -1, 0, below, like, dark);
  }
  const SuppressionOptions near = options.distance_A ? SuppressionOptions{*options.distance_A / voxel_size_A, 0}
                                                     : SuppressionOptions{0, options.overlap};
  out.peaks = suppress_neighbours(std::move(bright), near);
  if (mirror) {
    out.mirror = mirror_threshold(out.peaks, suppress_neighbours(std::move(dark), near), options.mirror_share);
    for (DogScale& scale : out.scales) scale.threshold = *out.mirror;
    std::erase_if(out.peaks, [&](const Peak& peak) { return peak.score < *out.mirror; });
  }
  note_contrast(out.scales, out.notes);
  return out;
}

}  // namespace tessera
