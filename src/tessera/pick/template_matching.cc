// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/template_matching.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "tessera/base/quantile.h"
#include "tessera/base/stopwatch.h"
#include "tessera/base/units.h"
#include "tessera/fft/plan.h"
#include "tessera/pick/match_selection.h"
#include "tessera/pick/noise_spectrum.h"
#include "tessera/pick/peaks.h"
#include "tessera/pick/pose_search.h"
#include "tessera/pick/search_template.h"
#include "tessera/pick/search_volume.h"
#include "tessera/pick/template_body.h"
#include "tessera/pick/template_scan.h"
#include "tessera/so3/point_group.h"
#include "tessera/so3/rotation_grid.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/rescale.h"

namespace tessera {
namespace {

template <typename T>
T of_each(const std::vector<T>& values, size_t index, T missing) {
  return values.empty() ? missing : values[values.size() == 1 ? 0 : index];
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
    TemplateBody body(one.map, report.radius_A / tomogram_.voxel_size_A);
    const SearchVolume& volume = search_volume(report.search_resolution_A);
    report.search_voxel_A = volume.voxel_size_A;
    const Stopwatch watch;
    const std::vector<Rotation> rotations = rotation_grid(report.step_deg * degree, report.symmetry);
    report.rotations = std::ssize(rotations);
    const SearchTemplate pattern = make_pattern(one.map, report, volume);
    const BlockLayout layout = plan_blocks(volume.voxels.shape(), pattern.box());
    check_contrast(one.map, report, volume, layout);
    const ScanResult scan = scan_template(volume.voxels, pattern, rotations, layout, context_);
    std::vector<Peak> peaks = candidates(scan.score, volume, body, report);
    report.scan_seconds = watch.seconds();
    std::vector<Match> found;
    for (const Peak& peak : peaks)
      found.push_back({peak.position_voxels * volume.ratio, rotations[scan.rotation[peak.voxel]],
                       static_cast<int32_t>(index), peak.score,
                       static_cast<float>(report.radius_A / tomogram_.voxel_size_A)});
    if (options_.refine) refine(one, found, report);
    report.threshold = options_.score_threshold.value_or(options_.refine ? least_score(report) : 4.0);
    bodies_.push_back(std::move(body));
    result.matches.insert(result.matches.end(), found.begin(), found.end());
    result.templates.push_back(std::move(report));
  }

  const std::vector<TemplateBody>& bodies() const { return bodies_; }

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
    report.independent_rotations = independent_rotations(report);
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
    ScanResult scan = scan_template(volume.voxels, pattern, {Rotation()}, layout, quiet_context_);
    const auto rank = 1 - std::min(0.5, 20.0 / static_cast<double>(scan.score.size()));
    std::vector<float> values(scan.score.begin(), scan.score.end());
    report.bright = quantile(values, rank);
    report.dark = -quantile(values, 1 - rank);
  }

  std::vector<Peak> candidates(const Volume<float>& score, const SearchVolume& volume, const TemplateBody& body,
                               MatchReport& report) const {
    std::vector<float> values(score.begin(), score.end());
    report.median = quantile(values, 0.5);
    report.spread = report.median - quantile(values, 0.1587);
    PeakOptions peaks;
    peaks.threshold = static_cast<float>(report.median + options_.candidate_spreads * report.spread);
    peaks.border = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(static_cast<double>(border_) / volume.ratio)));
    const std::vector<uint8_t> mask = search_mask(volume, tomogram_.shape, allowed_);
    std::vector<Peak> found = find_peaks(score, peaks, context_.threads, mask).peaks;
    // As near as two balls of the structure's volume may come, and as many as fill three quarters of the tomogram: what
    // else there is must be seen, too.
    const double voxels = static_cast<double>(body.voxels()) / std::pow(volume.ratio, 3);
    found = suppress_neighbours(std::move(found), {.distance_voxels = 0.9 * std::cbrt(voxels * 3 / (4 * pi))});
    const auto most = static_cast<size_t>(std::max(keep_ > 0 ? 2.0 * static_cast<double>(keep_) : 0.0,
                                                   0.75 * static_cast<double>(score.size()) / voxels));
    if (found.size() > most) found.resize(most);
    for (Peak& peak : found)
      peak.score = static_cast<float>((peak.score - report.median) / std::max(report.spread, 1e-12));
    report.candidates = std::ssize(found);
    return found;
  }

  void refine(const MatchTemplate& one, std::vector<Match>& found, MatchReport& report) {
    const Stopwatch watch;
    PoseSearchOptions options;
    options.resolution_A = band_A();
    options.max_shift_A = max_shift_A(report);
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
    report.refine_seconds = watch.seconds();
  }

  // Rotations of a template that noise tells apart, those that look alike counted once.
  double independent_rotations(const MatchReport& report) const {
    const double step = std::min(1.0, band_A() / report.radius_A);
    return std::max(1.0, 8 * pi * pi / std::pow(step, 3) / static_cast<double>(point_group(report.symmetry).size()));
  }

  // How far from a candidate the refinement looks.
  double max_shift_A(const MatchReport& report) const {
    return std::max(1.5 * report.search_voxel_A, 0.25 * report.radius_A);
  }

  // What noise reaches among all the independent places and rotations that the refinement looks at.
  double least_score(const MatchReport& report) const {
    const double window = 1 + 4.0 / 3 * pi * std::pow(max_shift_A(report) / tomogram_.voxel_size_A, 3);
    const double voxels =
        std::min(static_cast<double>(tomogram_.shape.count()), static_cast<double>(report.candidates) * window);
    return noise_score(voxels * std::pow(2 * tomogram_.voxel_size_A / band_A(), 3) * report.independent_rotations,
                       options_.false_positives);
  }

  // Of the refinement.
  double band_A() const { return std::max(options_.resolution_A.value_or(0), 2 * tomogram_.voxel_size_A); }

  const Tomogram& tomogram_;
  const TomogramTransfer& transfer_;
  const MatchOptions& options_;
  std::span<const uint8_t> allowed_;
  int64_t border_, keep_;
  ExecContext& context_;
  NoiseSpectrum noise_;
  SearchVolume search_;
  std::vector<TemplateBody> bodies_;
  mutable SilentSink silent_;
  mutable ExecContext quiet_context_{context_.threads, context_.comm, silent_, context_.seed, context_.stop};
};

}  // namespace

MatchResult match_templates(const Tomogram& tomogram, const std::vector<MatchTemplate>& templates,
                            const TomogramTransfer& transfer, const MatchOptions& options,
                            std::span<const uint8_t> allowed, int64_t border, int64_t keep, ExecContext& context) {
  MatchResult result;
  Matching matching(tomogram, transfer, options, allowed, border, keep, context);
  for (size_t i = 0; i < templates.size() && !context.stop_requested(); ++i) matching.add(templates[i], i, result);
  select_matches(result, matching.bodies(), options.overlap, keep, !options.score_threshold);
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
