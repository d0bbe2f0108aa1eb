// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/pick.h"

#include <cmath>

#include "tessera/base/describe.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/run_lock.h"
#include "tessera/pipeline/tomogram_file.h"

namespace tessera {
namespace {

void validate(const PickRequest& request) {
  Faults faults;
  require_readable(faults, "tomogram", request.tomogram);
  if (!request.mask.empty()) require_readable(faults, "mask", request.mask);
  require_one_of("method", request.method, {"dog", "template", "unet"}, faults);
  if (request.output.empty()) faults.add("--output is missing; name the list to write, for example picks.star");
  if (!(request.border_A >= 0) || !std::isfinite(request.border_A))
    faults.add(fmt::format("--border {} Å cannot be negative", request.border_A));
  if (request.count < 0) faults.add(fmt::format("--count {} cannot be negative", request.count));
  if (request.voxel_size_A && !(*request.voxel_size_A > 0))
    faults.add(fmt::format("--voxel-size {} Å must be positive", *request.voxel_size_A));
  request.region.add_faults(faults);
  request.dog.add_faults(faults);
  if (request.method == "template") request.matching.add_faults(faults);
  if (request.method == "unet") request.network.add_faults(faults);
  faults.raise<UserError>("pick");
}

void note(PickOutcome& outcome, Sink& sink, Severity severity, const std::string& text) {
  outcome.notes.push_back(text);
  sink.message(severity, text);
}

// Read and let go before the tomogram is: the two are never in memory as float32 together.
std::vector<uint8_t> read_mask(const PickRequest& request, Shape3 shape) {
  if (request.mask.empty()) return {};
  const Map mask = read_mrc(request.mask, {.accept_stack = true});
  return mask_of(mask.voxels, shape, request.mask);
}

void report_region(const SearchRegion& region, const RegionOptions& options, PickOutcome& outcome, Sink& sink) {
  if (region.not_finite > 0)
    note(outcome, sink, Severity::warning,
         fmt::format("{} voxels are NaN or infinite and were left out", region.not_finite));
  if (region.outside_mask > 0)
    note(outcome, sink, Severity::info,
         fmt::format("{} of {} voxels lie outside the mask", region.outside_mask, region.voxels));
  if (region.excludes_gold)
    note(outcome, sink, Severity::info,
         fmt::format("{} voxels beyond {:g} standard deviations, and {} voxels within {:g} Å of them "
                     "in all, were left out",
                     region.outliers, options.gold_sigmas, region.near_outliers, options.gold_margin_A));
  else if (region.outliers > 0 && region.outliers * 20 <= region.searched())
    note(outcome, sink, Severity::warning,
         fmt::format("{} voxels lie beyond {:g} standard deviations, as beads of gold do; "
                     "--exclude-gold keeps away from them",
                     region.outliers, options.gold_sigmas));
}

std::vector<PickedParticle> run_dog(const PickRequest& request, const Volume<float>& tomogram,
                                    const SearchRegion& region, int64_t border, ExecContext& context,
                                    PickOutcome& outcome) {
  DogOptions options = request.dog;
  if (request.count > 0) options.threshold = "none";
  DogPicks found = pick_by_dog(tomogram, region, options, outcome.voxel_size_A, border, context);
  outcome.scales = found.scales;
  for (const std::string& text : found.notes) note(outcome, context.sink, Severity::warning, text);
  std::vector<PickedParticle> out;
  for (const Peak& peak : found.peaks) out.push_back({peak.position_voxels, peak.score, peak.radius_voxels, 0, {}});
  return out;
}

std::vector<PickedParticle> run_template(const PickRequest& request, const Volume<float>& tomogram,
                                         const SearchRegion& region, int64_t border, ExecContext& context,
                                         PickOutcome& outcome) {
  MatchResult found = pick_by_template(request.matching, tomogram, outcome.voxel_size_A, region.allowed, border,
                                       request.count, context);
  outcome.templates = found.templates;
  for (const std::string& text : found.notes) note(outcome, context.sink, Severity::warning, text);
  std::vector<PickedParticle> out;
  for (const Match& match : found.matches)
    out.push_back({match.position_voxels, match.score, match.radius_voxels, match.label + 1, match.particle_from_ref});
  return out;
}

std::vector<PickedParticle> run_network(const PickRequest& request, const Volume<float>& tomogram,
                                        const SearchRegion& region, int64_t border, ExecContext& context,
                                        PickOutcome& outcome) {
  NetworkPicks found =
      pick_by_network(request.network, tomogram, outcome.voxel_size_A, region, border, request.count, context);
  std::vector<PickedParticle> out;
  for (const Peak& peak : found.peaks)
    out.push_back({peak.position_voxels, peak.score, peak.radius_voxels, peak.label, {}});
  found.peaks.clear();
  outcome.network = std::move(found);
  return out;
}

}  // namespace

bool apply_preset(PickRequest& request) {
  if (request.paper) request.dog.set_paper();
  return request.paper;
}

nlohmann::ordered_json PickOutcome::json() const {
  auto list = nlohmann::ordered_json::array();
  for (const DogScale& s : scales)
    list.push_back({{"sigma_A", s.sigma_A},
                    {"radius_A", s.radius_A},
                    {"median", s.median},
                    {"spread", s.spread},
                    {"skewness", s.skewness},
                    {"skewness_error", s.skewness_error},
                    {"peaks", s.peaks},
                    {"lowest_peak", s.lowest_peak},
                    {"highest_peak", s.highest_peak},
                    {"threshold", s.threshold}});
  auto matched = nlohmann::ordered_json::array();
  for (const MatchReport& t : templates) matched.push_back(template_json(t));
  auto found = nlohmann::ordered_json::array();
  for (const NetworkClassReport& c : network.classes)
    found.push_back({{"number", c.number}, {"name", c.name}, {"radius_A", c.radius_A}, {"picks", c.picks}});
  return {{"star", star},
          {"method", method},
          {"contrast", contrast},
          {"voxel_size_A", voxel_size_A},
          {"picks", picks},
          {"voxels", region.voxels},
          {"voxels_searched", region.searched()},
          {"voxels_outside_mask", region.outside_mask},
          {"voxels_not_finite", region.not_finite},
          {"voxels_outliers", region.outliers},
          {"voxels_near_outliers", region.near_outliers},
          {"mean", region.mean},
          {"deviation", region.deviation},
          {"scales", list},
          {"templates", matched},
          {"network_classes", found},
          {"heat_threshold", network.threshold},
          {"expected_f1", network.expected_f1},
          {"candidates", network.candidates},
          {"rescaled", network.rescaled},
          {"notes", notes}};
}

ParticleSet particles_of_picks(const std::vector<PickedParticle>& picks, const std::string& tomogram,
                               double voxel_size_A) {
  const std::filesystem::path path(tomogram);
  ParticleSet set;
  OpticsGroup& group = set.optics.emplace_back();
  group.name = "opticsGroup1";
  group.voxel_size_A = voxel_size_A;
  set.extra_columns = {"rlnTomoName", "rlnAutopickFigureOfMerit", "tesseraRadius"};
  for (const PickedParticle& pick : picks) {
    Particle& particle = set.particles.emplace_back();
    particle.image = fmt::format("{:06}@{}", set.particles.size(), path.filename().string());
    particle.micrograph = path.filename().string();
    particle.coordinate = pick.position_voxels;
    particle.class_number = pick.class_number;
    particle.particle_from_ref = pick.particle_from_ref;
    particle.extra = {path.stem().string(), fmt::format("{:.6f}", pick.score),
                      fmt::format("{:.4f}", pick.radius_voxels)};
  }
  return set;
}

PickOutcome run_pick(const PickRequest& request, ExecContext& context, const CommandLine& command_line) {
  validate(request);
  std::optional<RunLock> lock;
  if (context.comm.rank() == 0) {
    prepare_folder_of(request.output);
    lock.emplace(request.output);
  }
  const MrcInfo info = read_mrc_info(request.tomogram);
  PickOutcome outcome;
  outcome.star = request.output;
  outcome.method = request.method;
  outcome.contrast = request.region.contrast;
  outcome.voxel_size_A = tomogram_voxel_size(request.tomogram, info, request.voxel_size_A);
  RunRecord record("pick", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  record.set_ranks(context.comm.size());
  record.add_input(request.tomogram);
  if (!request.mask.empty()) record.add_input(request.mask);
  if (request.method == "template") record_templates(record, request.matching);
  if (request.method == "unet") record.add_input(request.network.file());

  StepTimer reading(record, "read");
  std::vector<uint8_t> mask = read_mask(request, info.shape);
  Map tomogram = read_mrc(request.tomogram, {.not_finite = NotFinite::keep, .accept_stack = true});
  reading.stop();
  StepTimer preparing(record, "prepare");
  outcome.region =
      prepare_search(tomogram.voxels, std::move(mask), request.region, outcome.voxel_size_A, context.threads);
  preparing.stop();
  report_region(outcome.region, request.region, outcome, context.sink);
  StepTimer searching(record, "search");
  const auto border = static_cast<int64_t>(std::ceil(request.border_A / outcome.voxel_size_A));
  const auto search = request.method == "dog" ? run_dog : request.method == "template" ? run_template : run_network;
  std::vector<PickedParticle> picks = search(request, tomogram.voxels, outcome.region, border, context, outcome);
  searching.stop();
  outcome.region.allowed.clear();
  if (request.count > 0 && picks.size() > static_cast<size_t>(request.count)) picks.resize(request.count);
  outcome.picks = static_cast<int64_t>(picks.size());
  if (picks.empty())
    throw UserError(
        fmt::format("{}: no peak was good enough, and nothing was written; lower the threshold, give --count, "
                    "or look at --contrast and --mask",
                    request.tomogram));
  if (outcome.picks < request.count)
    note(outcome, context.sink, Severity::warning,
         fmt::format("{} picks were found of {} asked for", outcome.picks, request.count));
  throw_if_stopped(context, "nothing was written");
  if (context.comm.rank() != 0) return outcome;
  write_particles(request.output, particles_of_picks(picks, request.tomogram, outcome.voxel_size_A));
  record.add_output(request.output);
  record.set_result("pick", outcome.json());
  record.write(record_path(request.output));
  return outcome;
}

}  // namespace tessera
