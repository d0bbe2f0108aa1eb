// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/evaluate_picks.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tessera/base/random.h"
#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/pick_figure.h"

namespace tessera {
namespace {

// A list as the scorer needs it.
struct PlacedList {
  ParticleSet set;
  std::vector<Vec3> positions_A;
  std::vector<std::string> tomograms;  // file names
  double voxel_size_A = 0;
};

PlacedList read_placed(const std::string& file, Faults& faults) {
  PlacedList list;
  list.set = read_particles(file);
  list.voxel_size_A = list.set.optics.at(0).voxel_size_A;
  for (const OpticsGroup& group : list.set.optics)
    if (std::abs(group.voxel_size_A / list.voxel_size_A - 1) > 0.01)
      faults.add(
          fmt::format("{}: its optics groups have pixel sizes {} and {} Å; coordinates of one list must be in "
                      "voxels of one size",
                      file, list.voxel_size_A, group.voxel_size_A));
  int64_t without = 0;
  for (const Particle& particle : list.set.particles) {
    without += !particle.coordinate;
    const Vec3 position_A = particle.coordinate.value_or(Vec3{}) * list.voxel_size_A + particle.shift_A;
    if (!std::isfinite(position_A.norm())) faults.add(fmt::format("{}: {} has no finite place", file, particle.image));
    list.positions_A.push_back(position_A);
    list.tomograms.push_back(std::filesystem::path(particle.micrograph).filename().string());
  }
  if (without > 0)
    faults.add(
        fmt::format("{}: {} of {} particles have no rlnCoordinateX/Y/Z", file, without, list.set.particles.size()));
  return list;
}

// The numbers of an extra column; empty where the list has no such column.
std::vector<double> numbers_of(const ParticleSet& set, const std::string& column, const std::string& file,
                               Faults& faults) {
  const auto at = std::find(set.extra_columns.begin(), set.extra_columns.end(), column);
  if (at == set.extra_columns.end()) return {};
  const auto index = static_cast<size_t>(at - set.extra_columns.begin());
  std::vector<double> out;
  for (const Particle& particle : set.particles) {
    const std::string text = index < particle.extra.size() ? particle.extra[index] : "";
    char* end = nullptr;
    out.push_back(std::strtod(text.c_str(), &end));
    if (text.empty() || *end != '\0' || !std::isfinite(out.back()))
      faults.add(fmt::format("{}: {} of {} is \"{}\", not a number", file, column, particle.image, text));
  }
  return out;
}

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

// Numbers tomograms by their names in the truth; every name of picks that the truth lacks is a fault.
std::map<std::string, int32_t> number_tomograms(const EvaluatePicksRequest& request, const PlacedList& picks,
                                                const PlacedList& truth, Faults& faults) {
  std::map<std::string, int32_t> numbers;
  for (const std::string& name : truth.tomograms)
    numbers.emplace(request.ignore_names ? "" : name, static_cast<int32_t>(numbers.size()));
  if (request.ignore_names) return numbers;
  std::map<std::string, int64_t> unknown;
  for (const std::string& name : picks.tomograms)
    if (!numbers.contains(name)) ++unknown[name];
  for (const auto& [name, count] : unknown)
    faults.add(
        fmt::format("{} picks are of \"{}\", of which {} has no particle (it has \"{}\"{}); --ignore-names takes "
                    "all as of one tomogram",
                    count, name, request.truth, numbers.begin()->first, numbers.size() > 1 ? ", …" : ""));
  return numbers;
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

struct Lists {
  std::vector<ScoredPick> picks;
  std::vector<TrueParticle> particles;
};

Lists read_lists(const EvaluatePicksRequest& request, EvaluatePicksOutcome& outcome) {
  Faults faults;
  const PlacedList picks = read_placed(request.picks, faults), truth = read_placed(request.truth, faults);
  if (std::abs(picks.voxel_size_A / truth.voxel_size_A - 1) > 0.01)
    faults.add(
        fmt::format("{} has voxels of {} Å, {} of {} Å: coordinates are in voxels, and lists of different voxel "
                    "sizes are of different tomograms; pick in the tomogram that the truth belongs to",
                    request.picks, picks.voxel_size_A, request.truth, truth.voxel_size_A));
  const std::vector<double> scores = numbers_of(picks.set, "rlnAutopickFigureOfMerit", request.picks, faults);
  std::vector<double> radii = numbers_of(truth.set, "tesseraRadius", request.truth, faults);
  if (request.radius_A)
    radii.assign(truth.set.particles.size(), *request.radius_A / truth.voxel_size_A);
  else if (radii.empty())
    faults.add(fmt::format("{} has no column tesseraRadius; give --radius", request.truth));
  const auto numbers = number_tomograms(request, picks, truth, faults);
  faults.raise<IoError>("the picks cannot be judged");

  outcome.voxel_size_A = truth.voxel_size_A;
  outcome.scored = !scores.empty();
  const auto number_of = [&](const std::string& name) { return numbers.at(request.ignore_names ? "" : name); };
  Lists lists;
  std::vector<uint8_t> picked(numbers.size());
  for (size_t i = 0; i < picks.set.particles.size(); ++i) {
    const int32_t tomogram = number_of(picks.tomograms[i]);
    picked[tomogram] = 1;
    lists.picks.push_back(
        {picks.positions_A[i], scores.empty() ? 0 : scores[i], tomogram, picks.set.particles[i].class_number});
  }
  for (size_t i = 0; i < truth.set.particles.size(); ++i)
    lists.particles.push_back({truth.positions_A[i], radii[i] * truth.voxel_size_A, number_of(truth.tomograms[i]),
                               truth.set.particles[i].class_number});
  if (const auto none = std::count(picked.begin(), picked.end(), 0); none > 0)
    outcome.notes.push_back(fmt::format("{} of the truth's {} tomograms have no pick; their particles count as missed",
                                        none, picked.size()));
  if (!outcome.scored)
    outcome.notes.push_back("the picks carry no rlnAutopickFigureOfMerit: there is no threshold to sweep");
  std::map<int, std::string> names;
  for (const Particle& particle : truth.set.particles)
    names.emplace(particle.class_number, truth.set.optics[particle.optics_group].name);
  for (const auto& [number, name] : names) outcome.class_names.push_back(name);
  return lists;
}

std::optional<MrcInfo> tomogram_info(const EvaluatePicksRequest& request, double voxel_size_A) {
  if (request.tomogram.empty()) return {};
  const MrcInfo info = read_mrc_info(request.tomogram);
  if (info.has_voxel_size && std::abs(info.voxel_size_A / voxel_size_A - 1) > 0.01)
    throw UserError(fmt::format("{} has voxels of {} Å, {} of {} Å: the truth is of another tomogram", request.tomogram,
                                info.voxel_size_A, request.truth, voxel_size_A));
  return info;
}

nlohmann::ordered_json json_of(const PickRates& r) {
  return {{"picks", r.picks},     {"hits", r.hits},     {"precision", r.precision()},
          {"recall", r.recall()}, {"f1", r.f_score(1)}, {"f4", r.f_score(4)}};
}

nlohmann::ordered_json json_of(const CurvePoint& point) {
  nlohmann::ordered_json out = json_of(point.rates);
  out["threshold"] = point.threshold;
  return out;
}

nlohmann::ordered_json json_of(const LocalisationError& e) {
  return {{"pairs", e.pairs}, {"mean_A", e.mean_A}, {"rms_A", e.rms_A}, {"median_A", e.median_A}};
}

nlohmann::ordered_json json_of(const GroupScore& g) {
  nlohmann::ordered_json out = {{"particles", g.rates.particles}, {"hits", g.rates.hits}, {"recall", g.rates.recall()}};
  if (g.own_picks) {
    out["picks"] = g.rates.picks;
    out["precision"] = g.rates.precision();
  }
  out["f1"] = g.f1;
  out["localisation"] = json_of(g.error);
  return out;
}

}  // namespace

nlohmann::ordered_json EvaluatePicksOutcome::json() const {
  auto classes = nlohmann::ordered_json::array(), sizes = classes, curve = classes;
  for (size_t i = 0; i < scores.classes.size(); ++i) {
    nlohmann::ordered_json group = {{"class", scores.classes[i].class_number}, {"name", class_names.at(i)}};
    group.update(json_of(scores.classes[i]));
    classes.push_back(group);
  }
  for (const GroupScore& s : scores.sizes) {
    nlohmann::ordered_json group = {{"from_radius_A", s.from_radius_A}};
    group["to_radius_A"] =
        std::isfinite(s.to_radius_A) ? nlohmann::ordered_json(s.to_radius_A) : nlohmann::ordered_json(nullptr);
    group.update(json_of(s));
    sizes.push_back(group);
  }
  const size_t step = std::max<size_t>(1, scores.curve.size() / 200);
  for (size_t i = scores.curve.size(); i > 0; i -= std::min(i, step)) curve.push_back(json_of(scores.curve[i - 1]));
  nlohmann::ordered_json out = {{"picks_file", picks},
                                {"truth_file", truth},
                                {"voxel_size_A", voxel_size_A},
                                {"particles", scores.all.particles}};
  out.update(json_of(scores.all));
  out.update({{"average_precision", scores.average_precision},
              {"chance_f1", chance_f1},
              {"outside", outside},
              {"localisation", json_of(scores.error)},
              {"best_f1", json_of(scores.best_f1)},
              {"best_f4", json_of(scores.best_f4)},
              {"fixed_number", json_of(scores.fixed_number)},
              {"classes", classes},
              {"sizes", sizes},
              {"curve", curve},
              {"notes", notes}});
  return out;
}

EvaluatePicksOutcome run_evaluate_picks(const EvaluatePicksRequest& request, ExecContext& context,
                                        const CommandLine& command_line) {
  validate(request);
  EvaluatePicksOutcome outcome;
  outcome.picks = request.picks;
  outcome.truth = request.truth;
  const Lists lists = read_lists(request, outcome);
  const std::optional<MrcInfo> info = tomogram_info(request, outcome.voxel_size_A);
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
    write_pick_figure(request.figure, read_mrc(request.tomogram, {.not_finite = NotFinite::keep, .accept_stack = true}),
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
