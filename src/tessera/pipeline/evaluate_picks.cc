// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/evaluate_picks.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/describe.h"
#include "tessera/base/random.h"
#include "tessera/io/mrc.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/judged_lists.h"
#include "tessera/pipeline/pick_figure.h"

namespace tessera {
namespace {

void validate(const EvaluatePicksRequest& request) {
  Faults faults;
  require_readable(faults, "picks", request.picks);
  require_readable(faults, "truth", request.truth);
  if (!request.tomogram.empty()) require_readable(faults, "tomogram", request.tomogram);
  if (request.radius_A && !(*request.radius_A > 0))
    faults.add(fmt::format("--radius {} Å must be positive", *request.radius_A));
  if (!(request.radius_share > 0 && request.radius_share <= 10))
    faults.add(fmt::format("--radius-share {} must lie above 0, at most 10", request.radius_share));
  for (const double size : request.sizes_A)
    if (!(size > 0)) faults.add(fmt::format("--sizes {} must be positive", size));
  if (request.chance_draws < 0) faults.add(fmt::format("--chance-draws {} cannot be negative", request.chance_draws));
  if (!request.figure.empty() && request.tomogram.empty())
    faults.add("--figure draws over a tomogram: give --tomogram too");
  faults.raise<UserError>("evaluate picks");
}

struct Box {
  Vec3 low, high;
  bool holds(Vec3 p) const {
    return p.x >= low.x && p.y >= low.y && p.z >= low.z && p.x <= high.x && p.y <= high.y && p.z <= high.z;
  }
};

// The box of the tomogram or, where none is given, the one that just holds the true centres.
Box box_of(const std::vector<TrueParticle>& particles, const std::optional<MrcInfo>& info, double voxel_size_A) {
  constexpr double far = 1e300;
  if (info) {
    const Vec3 last{double(info->shape.x - 1), double(info->shape.y - 1), double(info->shape.z - 1)};
    return {{}, last * voxel_size_A};
  }
  Box box{{far, far, far}, {-far, -far, -far}};
  for (const TrueParticle& p : particles) {
    box.low = {std::min(box.low.x, p.position_A.x), std::min(box.low.y, p.position_A.y),
               std::min(box.low.z, p.position_A.z)};
    box.high = {std::max(box.high.x, p.position_A.x), std::max(box.high.y, p.position_A.y),
                std::max(box.high.z, p.position_A.z)};
  }
  return box;
}

// Mean F1 of as many picks thrown at random, each in the tomogram of the pick it stands for.
double f1_of_chance(std::vector<ScoredPick> picks, const std::vector<TrueParticle>& particles, const Box& box,
                    const PickScoreOptions& options, int draws, uint64_t seed) {
  double sum = 0;
  for (int draw = 0; draw < draws; ++draw) {
    Random random(seed, "random picks", static_cast<uint64_t>(draw));
    for (ScoredPick& pick : picks)
      pick.position_A = {random.uniform(box.low.x, box.high.x), random.uniform(box.low.y, box.high.y),
                         random.uniform(box.low.z, box.high.z)};
    sum += score_picks(picks, particles, options).all.f_score(1);
  }
  return draws > 0 ? sum / draws : 0;
}

std::optional<MrcInfo> tomogram_info(const std::string& tomogram) {
  if (tomogram.empty()) return {};
  return read_mrc_info(tomogram);
}

void check_tomogram(const EvaluatePicksRequest& request, const MrcInfo& info, double voxel_size_A) {
  if (info.has_voxel_size && std::abs(info.voxel_size_A / voxel_size_A - 1) > 0.01)
    throw UserError(fmt::format("{} has voxels of {} Å, {} of {} Å: the truth is of another tomogram", request.tomogram,
                                info.voxel_size_A, request.truth, voxel_size_A));
}

}  // namespace

EvaluatePicksOutcome run_evaluate_picks(const EvaluatePicksRequest& request, ExecContext& context,
                                        const CommandLine& command_line) {
  validate(request);
  EvaluatePicksOutcome outcome;
  outcome.picks = request.picks;
  outcome.truth = request.truth;
  const std::optional<MrcInfo> info = tomogram_info(request.tomogram);
  ListOptions reading{request.radius_A, request.ignore_names, {}};
  if (info && info->has_voxel_size) reading.tomogram_voxel_A = info->voxel_size_A;
  const JudgedLists lists = read_judged_lists(request.picks, request.truth, reading);
  outcome.voxel_size_A = lists.voxel_size_A;
  outcome.scored = lists.scored;
  outcome.class_names = lists.class_names;
  outcome.notes = lists.notes;
  if (info) check_tomogram(request, *info, outcome.voxel_size_A);
  const Box inside = info ? box_of(lists.particles, info, outcome.voxel_size_A) : Box{{}, {1e300, 1e300, 1e300}};
  for (const ScoredPick& pick : lists.picks) outcome.outside += !inside.holds(pick.position_A);
  if (outcome.outside > 0)
    outcome.notes.push_back(fmt::format("{} picks lie outside the tomogram; they count as wrong", outcome.outside));
  PickScoreOptions options;
  options.class_aware = request.class_aware;
  options.radius_share = request.radius_share;
  options.size_edges_A = request.sizes_A;
  outcome.scores = score_picks(lists.picks, lists.particles, options);
  outcome.chance_f1 = f1_of_chance(lists.picks, lists.particles, box_of(lists.particles, info, outcome.voxel_size_A),
                                   options, request.chance_draws, context.seed);
  for (const std::string& note : outcome.notes) context.sink.message(Severity::warning, note);
  if (!request.figure.empty()) {
    prepare_folder_of(request.figure);
    write_pick_figure(request.figure,
                      read_mrc(request.tomogram, {.not_finite = NotFinite::keep, .accept_stack = true}).voxels,
                      outcome.voxel_size_A, lists.particles, lists.picks, outcome.scores.particle_of);
  }
  if (request.output.empty()) return outcome;

  prepare_folder(request.output);
  RunRecord record("evaluate picks", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  record.add_input(request.picks);
  record.add_input(request.truth);
  record.set_result("evaluate picks", outcome.json());
  record.write(record_path(request.output));
  return outcome;
}

}  // namespace tessera
