// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/coarse_grain.h"

#include <algorithm>

#include "tessera/base/describe.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/run_record.h"
#include "tessera/report/bar_chart.h"
#include "tessera/simulate/ball_pdb.h"

namespace tessera {
namespace {

nlohmann::ordered_json position(Vec3 v) {
  return {v.x, v.y, v.z};
}

nlohmann::ordered_json model_json(const std::string& structure, const CoarseModel& model) {
  auto balls = nlohmann::ordered_json::array(), bonds = balls;
  for (size_t i = 0; i < model.balls.size(); ++i) {
    const Vec3 centre = model.balls[i].centre_A;
    balls.push_back({{"centre_A", position(centre + model.centre_of_mass_A)},
                     {"radius_A", model.balls[i].radius_A},
                     {"atoms", model.atoms_of_ball[i]}});
    for (size_t j = i + 1; j < model.balls.size(); ++j)
      bonds.push_back({{"balls", {i, j}}, {"length_A", (model.balls[j].centre_A - centre).norm()}});
  }
  const CoarseVolumes& v = model.volumes;
  return {
      {"structure", structure},
      {"name", model.name},
      {"atoms", model.atoms},
      {"mass_kDa", model.mass_kDa},
      {"centre_of_mass_A", position(model.centre_of_mass_A)},
      {"radius_A", model.radius_A},
      {"balls", balls},
      {"bonds", bonds},
      {"single_ball",
       {{"centre_A", position(model.single.centre_A + model.centre_of_mass_A)}, {"radius_A", model.single.radius_A}}},
      {"volumes",
       {{"isosurface_A3", v.isosurface_A3},
        {"multi_ball_A3", v.multi_ball_A3},
        {"single_ball_A3", v.single_ball_A3},
        {"saved", v.saved()}}}};
}

bool is_pdb(const std::string& output) {
  return output.ends_with(".pdb");
}

void validate(const CoarseGrainRequest& request) {
  Faults faults;
  if (request.structures.empty()) faults.add("no structure given; name PDB or mmCIF files, or builtin:NAME");
  for (const std::string& structure : request.structures) check_structure(faults, structure);
  if (request.output.empty()) faults.add("--output is missing; name the file to write, for example balls.json");
  if (is_pdb(request.output) && request.structures.size() > 1)
    faults.add("--output: a .pdb holds the balls of one structure; write .json for several");
  request.coarse.add_faults(faults);
  faults.raise<UserError>("coarse-grain");
}

void write_output(const CoarseGrainOutcome& outcome) {
  if (!is_pdb(outcome.output)) return write_text_file(outcome.output, outcome.json().dump(2) + "\n");
  const CoarseModel& model = outcome.models.front();
  std::vector<PdbBall> balls;
  std::vector<std::array<int32_t, 2>> bonds;
  for (const Ball& ball : model.balls) balls.push_back({{ball.centre_A + model.centre_of_mass_A, ball.radius_A}, 0, 0});
  for (int32_t i = 0; i < static_cast<int32_t>(balls.size()); ++i)
    for (int32_t j = i + 1; j < static_cast<int32_t>(balls.size()); ++j) bonds.push_back({i, j});
  write_ball_pdb(outcome.output, balls, bonds, "balls of " + model.name);
}

void draw_volumes(const CoarseGrainOutcome& outcome) {
  std::vector<BarGroup> groups;
  for (const CoarseModel& model : outcome.models) {
    const CoarseVolumes& v = model.volumes;
    std::string name = model.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    groups.push_back({name, {v.isosurface_A3 / 1e6, v.multi_ball_A3 / 1e6, v.single_ball_A3 / 1e6}});
  }
  const std::vector<BarSeries> series = {
      {"isosurface", {70, 140, 90}}, {"several balls", {60, 110, 190}}, {"one ball", {215, 120, 60}}};
  write_png(outcome.figure, bar_chart(series, groups, "volume (1000 nm3)"));
}

}  // namespace

double CoarseGrainOutcome::median_saved() const {
  std::vector<double> saved;
  for (const CoarseModel& model : models) saved.push_back(model.volumes.saved());
  std::sort(saved.begin(), saved.end());
  const size_t n = saved.size();
  return n == 0 ? 0 : (saved[(n - 1) / 2] + saved[n / 2]) / 2;
}

int64_t CoarseGrainOutcome::saving() const {
  return std::count_if(models.begin(), models.end(), [](const CoarseModel& m) { return m.volumes.saved() > 0; });
}

nlohmann::ordered_json CoarseGrainOutcome::json() const {
  if (models.size() == 1) {
    auto out = model_json(structures[0], models[0]);
    out["notes"] = notes;
    return out;
  }
  auto list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < models.size(); ++i) list.push_back(model_json(structures[i], models[i]));
  return {{"structures", list}, {"saving", saving()}, {"median_saved", median_saved()}, {"notes", notes}};
}

CoarseGrainOutcome run_coarse_grain(const CoarseGrainRequest& request, ExecContext& context,
                                    const CommandLine& command_line) {
  validate(request);
  prepare_folder_of(request.output);
  if (!request.figure.empty()) prepare_folder_of(request.figure);
  RunRecord record("coarse-grain", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  CoarseGrainOutcome outcome{request.output, request.figure, request.structures, {}, {}};
  StepTimer making(record, "coarse-grain");
  Progress progress(context.sink, "coarse-graining", static_cast<int64_t>(request.structures.size()));
  for (const std::string& structure : request.structures) {
    throw_if_stopped(context, "nothing was written");
    record_structure(record, structure);
    const AtomicModel model = load_structure(structure, request.selection.selection());
    outcome.notes.insert(outcome.notes.end(), model.notes.begin(), model.notes.end());
    outcome.models.push_back(coarse_grain(model, request.coarse, context.seed, context.threads));
    progress.advance();
  }
  making.stop();
  for (const std::string& note : outcome.notes) context.sink.message(Severity::info, note);
  write_output(outcome);
  record.add_output(request.output);
  if (!request.figure.empty()) {
    draw_volumes(outcome);
    record.add_output(request.figure);
  }
  auto volumes = nlohmann::ordered_json::array();
  for (const CoarseModel& model : outcome.models)
    volumes.push_back({{"name", model.name}, {"balls", model.balls.size()}, {"saved", model.volumes.saved()}});
  record.set_result("coarse_grain", volumes);
  record.write(record_path(request.output));
  return outcome;
}

}  // namespace tessera
