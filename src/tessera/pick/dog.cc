// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/dog.h"

#include <algorithm>
#include <cmath>

namespace tessera {
namespace {

constexpr int64_t most_peaks = 2'000'000;  // kept of each scale: 96 MB
constexpr int64_t most_samples = 1'000'000;
const std::vector<double> usual_diameters_A = {100, 140, 200, 280};
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
    const auto at = [&](double share) {
      const auto i = static_cast<int64_t>(share * static_cast<double>(values_.size() - 1));
      std::nth_element(values_.begin(), values_.begin() + i, values_.end());
      return double(values_[i]);
    };
    scale.median = at(0.5);
    scale.spread = scale.median - at(0.1587);
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
    const double room =
        n * std::pow(static_cast<double>(step_), 3) / std::pow(2 * std::sqrt(std::acos(-1.0)) * sigma_, 3);
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

}  // namespace

void DogOptions::set_paper() {
  if (sigma_A.empty() && diameter_A.empty()) sigma_A = {70};
  scale_units = "contrast";
  threshold = "level";
  distance_A = 0;
}

void DogOptions::add_faults(Faults& faults) const {
  if (!sigma_A.empty() && !diameter_A.empty()) faults.add("give --sigma or --diameter, not both");
  for (const double s : sigma_A)
    if (!(s > 0) || !std::isfinite(s)) faults.add(fmt::format("--sigma {} must be positive", s));
  for (const double d : diameter_A)
    if (!(d > 0) || !std::isfinite(d)) faults.add(fmt::format("--diameter {} must be positive", d));
  if (!(ratio > 1 && ratio <= 4)) faults.add(fmt::format("--sigma-ratio {} must lie above 1, at most 4", ratio));
  if (!(scale_power >= 0 && scale_power <= 10))
    faults.add(fmt::format("--scale-power {} must lie between 0 and 10", scale_power));
  require_one_of("scale-units", scale_units, {"spread", "contrast"}, faults);
  require_one_of("threshold", threshold, {"spread", "level", "none"}, faults);
  if (!(level >= 0 && level <= 20)) faults.add(fmt::format("--level {} must lie between 0 and 20", level));
  if (!std::isfinite(spreads)) faults.add(fmt::format("--spreads {} must be a number", spreads));
  if (distance_A && !(*distance_A >= 0)) faults.add(fmt::format("--distance {} Å cannot be negative", *distance_A));
  if (!(overlap >= 0 && overlap <= 2)) faults.add(fmt::format("--overlap {} must lie between 0 and 2", overlap));
  if (neighbours != 6 && neighbours != 18 && neighbours != 26)
    faults.add(fmt::format("--neighbours {} must be 6, 18 or 26", neighbours));
}

std::vector<double> DogOptions::sigmas_voxels(double voxel_size_A) const {
  std::vector<double> out;
  for (const double s : sigma_A) out.push_back(s / voxel_size_A);
  for (const double d : any_size() ? usual_diameters_A : diameter_A)
    out.push_back(sigma_of_diameter(d / voxel_size_A, ratio));
  std::sort(out.begin(), out.end());
  return out;
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
                    usual_diameters_A.front(), usual_diameters_A.back(), voxel_size_A, shape.x, shape.y, shape.z));
  check_scales(sigmas, options, shape, voxel_size_A);
  DogPicks out;
  std::vector<Peak> pooled;
  Progress progress(context.sink, "difference of Gaussians", static_cast<int64_t>(sigmas.size()) * shape.z);
  for (size_t s = 0; s < sigmas.size(); ++s) {
    const GaussianDifference filter{sigmas[s], options.ratio};
    DogScale& scale = out.scales.emplace_back();
    scale.sigma_A = sigmas[s] * voxel_size_A;
    scale.radius_A = filter.radius_voxels() * voxel_size_A;
    PeakScan scan(shape, {.neighbours = options.neighbours, .border = border_voxels, .keep = most_peaks},
                  region.allowed);
    Samples samples(shape, region.allowed, border_voxels, sigmas[s]);
    int64_t sampled = 0;
    scan_gaussian_difference(tomogram, region.allowed, filter, context.threads,
                             [&](std::span<const float* const> planes, int64_t first) {
                               const int64_t end = first + static_cast<int64_t>(planes.size());
                               for (int64_t z = std::max(first, sampled); z < end; ++z)
                                 samples.add(planes[z - first], z);
                               progress.advance(end - sampled);
                               sampled = end;
                               scan.add_planes(planes, first + 1, context.threads);
                               if (context.stop_requested()) throw Interrupted("nothing was written");
                             });
    samples.summarise(scale);
    const PeakList list = scan.take();
    scale.lowest_peak = list.lowest;
    scale.highest_peak = list.highest;
    scale.peaks = list.all;
    const bool spread = options.scale_units == "spread";
    const double weight = std::pow(sigmas[s] / sigmas.back(), options.scale_power);
    const auto score = [&](double value) {
      return weight * (spread ? (value - scale.median) / std::max(scale.spread, 1e-30) : value);
    };
    if (options.threshold == "level")
      scale.threshold = score(list.lowest + options.level * (double(list.highest) - list.lowest) / 20);
    else if (options.threshold == "spread")
      scale.threshold = spread ? options.spreads : score(scale.median + options.spreads * scale.spread);
    else
      scale.threshold = score(list.lowest);
    for (Peak peak : list.peaks) {
      peak.score = static_cast<float>(score(peak.score));
      if (peak.score < static_cast<float>(scale.threshold)) continue;
      peak.radius_voxels = static_cast<float>(filter.radius_voxels());
      peak.label = static_cast<int32_t>(s);
      pooled.push_back(peak);
    }
  }
  out.peaks = suppress_neighbours(std::move(pooled), options.distance_A
                                                         ? SuppressionOptions{*options.distance_A / voxel_size_A, 0}
                                                         : SuppressionOptions{0, options.overlap});
  note_contrast(out.scales, out.notes);
  return out;
}

}  // namespace tessera
