// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/template_matching.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>

#include "tessera/base/units.h"
#include "tessera/fft/plan.h"
#include "tessera/pick/noise_spectrum.h"
#include "tessera/pick/peaks.h"
#include "tessera/pick/pose_search.h"
#include "tessera/pick/score_threshold.h"
#include "tessera/pick/search_template.h"
#include "tessera/pick/search_volume.h"
#include "tessera/pick/template_scan.h"
#include "tessera/so3/point_group.h"
#include "tessera/so3/rotation_grid.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/rescale.h"

namespace tessera {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

template <typename T>
T of_each(const std::vector<T>& values, size_t index, T missing) {
  return values.empty() ? missing : values[values.size() == 1 ? 0 : index];
}

double quantile(std::vector<float>& values, double share) {
  const auto at = values.begin() + static_cast<int64_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// The mean over all directions about the centre voxel.
Volume<float> radial_mean(const Volume<float>& map) {
  const int64_t n = map.shape().x;
  std::vector<double> sum(2 * n), count(2 * n);
  const auto shell_of = [n](int64_t z, int64_t y, int64_t x) {
    return std::llround(
        std::hypot(static_cast<double>(z - n / 2), static_cast<double>(y - n / 2), static_cast<double>(x - n / 2)));
  };
  for (int64_t z = 0, i = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x, ++i) sum[shell_of(z, y, x)] += map[i], ++count[shell_of(z, y, x)];
  Volume<float> out(map.shape());
  for (int64_t z = 0, i = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x, ++i)
        out[i] = static_cast<float>(sum[shell_of(z, y, x)] / count[shell_of(z, y, x)]);
  return out;
}

class Matching {
 public:
  Matching(const Tomogram& tomogram, const TomogramTransfer& transfer, const MatchOptions& options,
           std::span<const uint8_t> allowed, int64_t border, int64_t keep, ExecContext& context)
      : tomogram_(tomogram),
        transfer_(transfer),
        options_(options),
        allowed_(allowed),
        border_(border),
        keep_(keep),
        context_(context),
        noise_(tomogram, transfer.wedge(), context) {}

  void add(const MatchTemplate& one, size_t index, MatchResult& result) {
    MatchReport report = plan(one, index);
    const SearchVolume& volume = search_volume(report.search_resolution_A);
    report.search_voxel_A = volume.voxel_size_A;
    const auto begun = Clock::now();
    const std::vector<Rotation> rotations = rotation_grid(report.step_deg * degree, report.symmetry);
    report.rotations = std::ssize(rotations);
    const SearchTemplate pattern = make_pattern(one.map, report, volume);
    const BlockLayout layout = plan_blocks(volume.voxels.shape(), pattern.box());
    check_contrast(one.map, report, volume, layout);
    const ScanResult scan = scan_template(volume.voxels, pattern, rotations, layout, context_);
    std::vector<Peak> peaks = candidates(scan.score, volume, report);
    report.scan_seconds = seconds_since(begun);
    std::vector<Match> found;
    for (const Peak& peak : peaks)
      found.push_back({peak.position_voxels * volume.ratio, rotations[scan.rotation[peak.voxel]],
                       static_cast<int32_t>(index), peak.score,
                       static_cast<float>(report.radius_A / tomogram_.voxel_size_A)});
    if (options_.refine) refine(one, found, report);
    set_threshold(found, report);
    result.matches.insert(result.matches.end(), found.begin(), found.end());
    result.templates.push_back(std::move(report));
  }

 private:
  // Steps and bands, from the options or the size of the template.
  MatchReport plan(const MatchTemplate& one, size_t index) const {
    MatchReport report;
    report.name = one.name;
    report.symmetry = of_each<std::string>(options_.symmetry, index, "C1");
    const double voxel = tomogram_.voxel_size_A, asked = of_each(options_.mask_diameter_A, index, 0.0);
    const Statistics values = statistics(one.map);
    if (values.not_finite > 0 || !(values.variance > 0) || !(values.maximum > 0))
      throw UserError(one.name + ": the template is empty or constant within its mask; look at the map and its mask");
    report.radius_A = asked > 0 ? asked / 2 : (structure_radius(one.map) + 0.5) * voxel;
    const Shape3 n = tomogram_.shape;
    const double least = static_cast<double>(std::min({n.x, n.y, n.z})) * voxel;
    if (2 * report.radius_A > least)
      throw UserError(
          fmt::format("{}: the template is {:.0f} Å across, the tomogram {:.0f} Å at its thinnest; is the "
                      "voxel size right?",
                      one.name, 2 * report.radius_A, least));
    report.search_resolution_A = std::max(2 * voxel, options_.search_resolution_A.value_or(2 * report.radius_A / 7));
    report.step_deg = options_.angular_step_deg;
    return report;
  }

  // W(k): 1/√ of the tomogram's spectrum.
  double whitening(Vec3 cycles_per_voxel) const {
    return options_.whiten ? 1 / std::sqrt(noise_(cycles_per_voxel)) : 1.0;
  }

  // Kept from template to template as long as the voxels are the same.
  const SearchVolume& search_volume(double resolution_A) {
    const double ratio = search_ratio(tomogram_.voxel_size_A, resolution_A);
    if (search_.voxels.empty() || search_.ratio != ratio) {
      search_ = SearchVolume();
      search_ = make_search_volume(
          tomogram_, ratio, noise_.mean(), [this](Vec3 k) { return whitening(k); }, context_);
    }
    return search_;
  }

  SearchTemplate make_pattern(const Volume<float>& map, const MatchReport& report, const SearchVolume& volume) const {
    const double radius = report.radius_A / volume.voxel_size_A;
    const int64_t box = fast_even_size(static_cast<int64_t>(std::ceil(3 * (radius + 3))));
    const double margin = 0.25 / (static_cast<double>(box) * volume.voxel_size_A);
    return SearchTemplate(rescaled(map, tomogram_.voxel_size_A, box, volume.voxel_size_A), radius, [&](Vec3 k) {
      const Vec3 old = k * (1 / volume.ratio);
      return search_band(2 * k.norm()) * whitening(old) * transfer_(old * (1 / tomogram_.voxel_size_A), margin);
    });
  }

  void check_contrast(const Volume<float>& map, MatchReport& report, const SearchVolume& volume,
                      const BlockLayout& layout) const {
    const SearchTemplate pattern = make_pattern(radial_mean(map), report, volume);
    ScanResult scan = scan_template(volume.voxels, pattern, {Rotation()}, layout, quiet());
    const auto rank = 1 - std::min(0.5, 20.0 / static_cast<double>(scan.score.size()));
    std::vector<float> values(scan.score.begin(), scan.score.end());
    report.bright = quantile(values, rank);
    report.dark = -quantile(values, 1 - rank);
  }

  ExecContext& quiet() const { return quiet_context_; }

  std::vector<Peak> candidates(const Volume<float>& score, const SearchVolume& volume, MatchReport& report) const {
    std::vector<float> values(score.begin(), score.end());
    report.median = quantile(values, 0.5);
    report.spread = report.median - quantile(values, 0.1587);
    PeakOptions peaks;
    peaks.threshold = static_cast<float>(report.median + options_.candidate_spreads * report.spread);
    peaks.border = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(static_cast<double>(border_) / volume.ratio)));
    const std::vector<uint8_t> mask = coarse_mask(volume);
    std::vector<Peak> found = find_peaks(score, peaks, context_.threads, mask).peaks;
    const double radius = report.radius_A / volume.voxel_size_A;
    found = suppress_neighbours(std::move(found), {.distance_voxels = 0.6 * radius});
    // Twice as many as fit into the tomogram as dense spheres: what else there is must be seen, too.
    const double sphere = 4.0 / 3 * pi * std::pow(radius, 3);
    const auto most = static_cast<size_t>(std::max(keep_ > 0 ? 2.0 * static_cast<double>(keep_) : 0.0,
                                                   2 * 0.74 * static_cast<double>(score.size()) / sphere));
    if (found.size() > most) found.resize(most);
    for (Peak& peak : found)
      peak.score = static_cast<float>((peak.score - report.median) / std::max(report.spread, 1e-12));
    report.candidates = std::ssize(found);
    return found;
  }

  std::vector<uint8_t> coarse_mask(const SearchVolume& volume) const {
    if (allowed_.empty()) return {};
    const Shape3 n = volume.voxels.shape(), old = tomogram_.shape;
    std::vector<uint8_t> out(n.count());
    const auto at = [&](int64_t i, int64_t size) {
      return std::min<int64_t>(size - 1, std::llround(static_cast<double>(i) * volume.ratio));
    };
    for (int64_t z = 0, i = 0; z < n.z; ++z)
      for (int64_t y = 0; y < n.y; ++y)
        for (int64_t x = 0; x < n.x; ++x, ++i)
          out[i] = allowed_[(at(z, old.z) * old.y + at(y, old.y)) * old.x + at(x, old.x)];
    return out;
  }

  void refine(const MatchTemplate& one, std::vector<Match>& found, MatchReport& report) {
    const auto begun = Clock::now();
    PoseSearchOptions options;
    options.resolution_A = std::max(options_.resolution_A.value_or(0), 2 * tomogram_.voxel_size_A);
    options.max_shift_A = std::max(1.5 * report.search_voxel_A, 0.25 * report.radius_A);
    options.symmetry = report.symmetry;
    const PoseSearch search(one.map, report.radius_A / tomogram_.voxel_size_A, tomogram_.voxel_size_A, transfer_,
                            options_.whiten ? noise_ : NoiseSpectrum(), noise_.variance(), options);
    std::vector<Aligner::Workspace> work(context_.threads.count());
    std::mutex lock;
    Progress progress(context_.sink, "refining " + one.name, std::ssize(found));
    context_.threads.for_each(std::ssize(found), [&](int64_t i, int w) {
      if (context_.stop_requested()) return;
      const FoundPose pose = search.find(tomogram_, found[i].position_voxels, found[i].particle_from_ref, work[w]);
      found[i].position_voxels = pose.centre;
      found[i].particle_from_ref = pose.particle_from_ref;
      found[i].score = static_cast<float>(pose.score);
      const std::lock_guard guard(lock);
      progress.advance();
    });
    report.refine_seconds = seconds_since(begun);
  }

  // The least that a pick must score; raised once the templates have competed.
  void set_threshold(const std::vector<Match>& found, MatchReport& report) const {
    if (keep_ > 0) return;
    report.threshold = options_.score_threshold.value_or(options_.refine ? noise_threshold(report) : 4.0);
    std::vector<float> scores;
    for (const Match& match : found) scores.push_back(match.score);
    if (scores.size() < 20) return;
    const double low = quantile(scores, 0.05), quarter = quantile(scores, 0.25);
    report.clutter_deviation = (quarter - low) / (1.645 - 0.674);  // of a normal distribution with these quantiles
    report.clutter_mean = quarter + 0.674 * report.clutter_deviation;
  }

  // Gaussian noise exceeds it so many times among all independent places and rotations.
  double noise_threshold(const MatchReport& report) const {
    const double band = std::max(options_.resolution_A.value_or(0), 2 * tomogram_.voxel_size_A);
    const double places = static_cast<double>(tomogram_.shape.count()) * std::pow(2 * tomogram_.voxel_size_A / band, 3);
    const double step = std::min(1.0, band / (2 * report.radius_A));
    const double group = static_cast<double>(point_group(report.symmetry).size());
    const double trials = places * std::max(1.0, 8 * pi * pi / std::pow(step, 3) / group);
    double low = 0, high = 20;
    for (int i = 0; i < 60; ++i) {
      const double middle = 0.5 * (low + high);
      (trials * 0.5 * std::erfc(middle / std::numbers::sqrt2) > options_.false_positives ? low : high) = middle;
    }
    return low;
  }

  const Tomogram& tomogram_;
  const TomogramTransfer& transfer_;
  const MatchOptions& options_;
  std::span<const uint8_t> allowed_;
  int64_t border_, keep_;
  ExecContext& context_;
  NoiseSpectrum noise_;
  SearchVolume search_;
  mutable SilentSink silent_;
  mutable ExecContext quiet_context_{context_.threads, context_.comm, silent_, context_.seed, context_.stop};
};

// Of places too near to one another that of the best score stays, whatever its template.
void compete(MatchResult& result, double overlap) {
  std::vector<Peak> peaks;
  for (size_t i = 0; i < result.matches.size(); ++i) {
    const Match& match = result.matches[i];
    peaks.push_back({match.position_voxels, match.score, match.radius_voxels, match.label, static_cast<int64_t>(i)});
  }
  std::sort(peaks.begin(), peaks.end(), better_peak);
  std::vector<Match> kept;
  for (const Peak& peak : suppress_neighbours(std::move(peaks), {.distance_voxels = 0, .radius_share = overlap}))
    kept.push_back(result.matches[peak.voxel]);
  result.matches = std::move(kept);
}

// To where the scores that a template won fall into two populations; where they do not, out of reach of the clutter.
void raise_thresholds(MatchResult& result) {
  for (size_t t = 0; t < result.templates.size(); ++t) {
    MatchReport& report = result.templates[t];
    std::vector<float> scores;
    for (const Match& match : result.matches)
      if (match.label == static_cast<int32_t>(t)) scores.push_back(match.score);
    const TwoPopulations parted = part_scores(scores);
    report.two_populations = parted.two;
    report.threshold = std::max(report.threshold,
                                parted.two ? parted.threshold : report.clutter_mean + 3.5 * report.clutter_deviation);
  }
}

}  // namespace

void MatchOptions::add_faults(Faults& faults, size_t templates) const {
  const auto positive = [&](const char* name, const std::optional<double>& value) {
    if (value && !(*value > 0 && std::isfinite(*value))) faults.add(fmt::format("--{} {:g}: above 0", name, *value));
  };
  positive("search-resolution", search_resolution_A);
  positive("resolution", resolution_A);
  if (!(angular_step_deg > 0 && angular_step_deg <= 90))
    faults.add(fmt::format("--angular-step {:g}: above 0°, at most 90°", angular_step_deg));
  const auto counted = [&](const char* name, size_t count) {
    if (count > 1 && count != templates)
      faults.add(fmt::format("--{} has {} values for {} templates; give one, or one each", name, count, templates));
  };
  counted("symmetry", symmetry.size());
  counted("mask-diameter", mask_diameter_A.size());
  for (const double diameter : mask_diameter_A)
    if (!(diameter > 0)) faults.add(fmt::format("--mask-diameter {:g}: above 0", diameter));
  for (const std::string& group : symmetry) try {
      (void)point_group(group);
    } catch (const UserError& error) {
      faults.add(fmt::format("--symmetry: {}", error.what()));
    }
  if (!(overlap >= 0)) faults.add(fmt::format("--template-overlap {:g}: not negative", overlap));
  if (!(false_positives > 0)) faults.add(fmt::format("--false-positives {:g}: above 0", false_positives));
}

MatchResult match_templates(const Tomogram& tomogram, const std::vector<MatchTemplate>& templates,
                            const TomogramTransfer& transfer, const MatchOptions& options,
                            std::span<const uint8_t> allowed, int64_t border, int64_t keep, ExecContext& context) {
  MatchResult result;
  Matching matching(tomogram, transfer, options, allowed, border, keep, context);
  for (size_t i = 0; i < templates.size() && !context.stop_requested(); ++i) matching.add(templates[i], i, result);
  compete(result, options.overlap);
  if (keep == 0 && !options.score_threshold) raise_thresholds(result);
  if (keep > 0 && std::ssize(result.matches) > keep) result.matches.resize(keep);
  if (keep == 0)
    std::erase_if(result.matches,
                  [&](const Match& match) { return match.score < result.templates[match.label].threshold; });
  for (const Match& match : result.matches) ++result.templates[match.label].picks;
  for (const MatchReport& report : result.templates)
    if (report.dark > 1.2 * report.bright)
      result.notes.push_back(fmt::format(
          "{} fits the tomogram better with its contrast inverted (correlation of its radial mean {:.3f}, inverted "
          "{:.3f}): is protein dark in it? If so give --contrast dark",
          report.name, report.bright, report.dark));
  return result;
}

}  // namespace tessera
