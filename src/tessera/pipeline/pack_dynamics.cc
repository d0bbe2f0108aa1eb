// SPDX-License-Identifier: GPL-3.0-or-later
// tessera pack --mode paper: molecular dynamics, with what it did to occupancy and overlap.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "tessera/io/run_record.h"
#include "tessera/pipeline/pack.h"
#include "tessera/report/ball_view.h"
#include "tessera/simulate/builtin.h"
#include "tessera/simulate/packing.h"
#include "tessera/simulate/packing_check.h"
#include "tessera/simulate/trajectory.h"

namespace tessera {
namespace {

using Json = nlohmann::ordered_json;

struct Wanted {
  std::string name, structure;
  bool assembly = true;
};

// The structures of the species, then those of filaments: read and coarse-grained, several at a time.
std::vector<PackedSpecies> load_species(const PackRequest& request, ExecContext& context) {
  std::vector<Wanted> wanted;
  for (const SpeciesRequest& s : request.scene.species) wanted.push_back({s.name, s.structure, s.assembly});
  for (const FilamentRequest& f : request.scene.filaments)
    if (!f.structure.empty()) wanted.push_back({f.name, f.structure, f.assembly});
  std::vector<PackedSpecies> out(wanted.size());
  context.threads.for_each(static_cast<int64_t>(wanted.size()), [&](int64_t i, int) {
    const AtomicModel model = load_structure(wanted[i].structure, {wanted[i].assembly, false, false});
    PackedSpecies& one = out[i];
    one.model = coarse_grain(model, request.coarse, context.seed, context.threads);
    one.info = {wanted[i].name,
                wanted[i].structure,
                wanted[i].assembly ? "biological" : "asymmetric unit",
                one.model.mass_kDa,
                one.model.radius_A,
                0,
                0};
  });
  return out;
}

// How many of each; refuses what cannot be.
void count_copies(const PackRequest& request, std::vector<PackedSpecies>& species) {
  const SceneRequest& scene = request.scene;
  const double narrowest = *std::min_element(scene.box_A.begin(), scene.box_A.end());
  Faults faults;
  double volume = 0;
  for (size_t i = 0; i < scene.species.size(); ++i) {
    PackedSpecies& one = species[i];
    one.info.requested = requested_copies(scene.species[i], scene.box_volume_A3(), one.model.volumes.isosurface_A3);
    volume += static_cast<double>(one.info.requested) * one.model.volumes.isosurface_A3;
    if (2 * one.model.single.radius_A > narrowest)
      faults.add(fmt::format("{} is {:.0f} Å wide and cannot fit a box {:.0f} Å wide", one.info.name,
                             2 * one.model.single.radius_A, narrowest));
  }
  if (volume > scene.box_volume_A3())
    faults.add(
        fmt::format("the species fill {:.0f} % of the box by the volume of their molecules; at most 100 % can be "
                    "asked for",
                    100 * volume / scene.box_volume_A3()));
  faults.raise<UserError>(fmt::format("the scene {} cannot be packed", request.scene_file));
}

std::vector<BallBody> make_bodies(const PackRequest& request, const std::vector<PackedSpecies>& species) {
  std::vector<BallBody> bodies;
  const double mass = request.packing.ball_mass_Da;
  const auto add = [&](BallBody body, size_t number, int64_t copies) {
    body.request = static_cast<int32_t>(number);
    bodies.insert(bodies.end(), copies, body);
  };
  for (size_t i = 0; i < request.scene.species.size(); ++i) {
    const CoarseModel& model = species[i].model;
    add(request.packing.balls == "single" ? single_ball_body(model, mass) : rigid_body(model, mass), i,
        species[i].info.requested);
  }
  for (size_t i = 0; i < request.scene.filaments.size(); ++i)
    add(filament_body(request.scene.filaments[i], mass), i, request.scene.filaments[i].copies);
  for (size_t i = 0; i < request.scene.membranes.size(); ++i)
    add(membrane_body(request.scene.membranes[i], mass), i, request.scene.membranes[i].copies);
  return bodies;
}

// Chains and residue names of the topology: species first, then filaments, then membranes.
int64_t kind_of(const BallBody& body, const SceneRequest& scene) {
  const auto species = static_cast<int64_t>(scene.species.size()),
             filaments = static_cast<int64_t>(scene.filaments.size());
  if (body.kind == BodyKind::macromolecule) return body.request;
  return species + (body.kind == BodyKind::membrane ? filaments : 0) + body.request;
}

std::vector<PdbBall> pdb_balls(const PackingStart& start, const SceneRequest& scene,
                               const std::vector<Vec3>& positions_A) {
  std::vector<PdbBall> out;
  for (size_t b = 0; b < start.bodies.size(); ++b)
    for (size_t i = 0; i < start.bodies[b].balls.size(); ++i)
      out.push_back({{positions_A[start.first_ball[b] + i], start.bodies[b].balls[i].radius_A},
                     static_cast<int64_t>(b),
                     kind_of(start.bodies[b], scene)});
  return out;
}

std::vector<std::array<int32_t, 2>> pdb_bonds(const PackingStart& start) {
  std::vector<std::array<int32_t, 2>> out;
  for (const BallBond& bond : start.system.bonds) out.push_back({bond.first, bond.second});
  return out;
}

std::string timeline_head() {
  return "time_ps,kinetic_kcal_mol,bond_kcal_mol,angle_kcal_mol,lennard_jones_kcal_mol,drive_kcal_mol,walls_kcal_mol,"
         "rigid_stretch,flexible_stretch,box_occupancy_balls,overlap_balls,cluster_radius_A,"
         "cluster_occupancy,cluster_occupancy_balls,gap_least_A,gap_tenth_A,gap_median_A,gap_ninetieth_A,overlapping_"
         "bodies\n";
}

std::string timeline_row(const PackingSample& s) {
  const BallEnergies& e = s.energies;
  const OccupancyStatistics& o = s.occupancy;
  const GapStatistics& g = s.gaps;
  return fmt::format(
      "{:.4f},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.5f},{:.5f},{:.5f},{:.5f},{:.2f},{:.5f},{:.5f},"
      "{:.2f},{:.2f},{:.2f},{:.2f},{:.4f}\n",
      s.time_ps, e.kinetic, e.bond, e.angle, e.lennard_jones, e.drive, e.walls, s.rigid_stretch, s.flexible_stretch,
      o.box_occupancy, o.overlap, o.cluster_radius_A, o.cluster_occupancy, o.cluster_ball_occupancy, g.least_A,
      g.tenth_A, g.median_A, g.ninetieth_A, g.overlapping);
}

// JSON has no infinity: a body alone has no gap.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json sample_json(const PackingSample& s) {
  return {{"time_ps", s.time_ps},
          {"potential_kcal_mol", s.energies.potential()},
          {"rigid_stretch", s.rigid_stretch},
          {"flexible_stretch", s.flexible_stretch},
          {"box_occupancy_balls", s.occupancy.box_occupancy},
          {"overlap_balls", s.occupancy.overlap},
          {"cluster_radius_A", s.occupancy.cluster_radius_A},
          {"cluster_occupancy", s.occupancy.cluster_occupancy},
          {"cluster_occupancy_balls", s.occupancy.cluster_ball_occupancy},
          {"gap_least_A", number(s.gaps.least_A)},
          {"gap_tenth_A", number(s.gaps.tenth_A)},
          {"gap_median_A", number(s.gaps.median_A)},
          {"gap_ninetieth_A", number(s.gaps.ninetieth_A)},
          {"overlapping_bodies", s.gaps.overlapping},
          {"deepest_contact_ratio", s.gaps.deepest_ratio}};
}

// Start, middle and end, as frames come.
class Snapshots {
 public:
  Snapshots(const SceneRequest& scene, int frames) : scene_(scene), frames_(frames) {}
  void add(const PackingStart& start, const PackingSample& sample, const std::vector<Vec3>& positions_A) {
    const int frame = count_++;
    if (frame != 0 && frame != frames_ / 2 && frame != frames_) return;
    BallViewPanel panel{fmt::format("{:.1f} ps", sample.time_ps), {}};
    for (const PdbBall& ball : pdb_balls(start, scene_, positions_A))
      panel.balls.push_back({ball.ball.centre_A, ball.ball.radius_A, palette_colour(ball.kind)});
    panels_.push_back(std::move(panel));
  }
  void write(const std::filesystem::path& path) const {
    BallViewOptions options;
    options.box_A = scene_.box_A;
    write_png(path, ball_view(panels_, options));
  }

 private:
  const SceneRequest& scene_;
  int frames_, count_ = 0;
  std::vector<BallViewPanel> panels_;
};

// timeline.csv, topology.pdb, trajectory and pictures, as the run goes.
class Recorder {
 public:
  Recorder(const PackRequest& request, const PackingStart& start, std::filesystem::path folder)
      : request_(request),
        start_(start),
        folder_(std::move(folder)),
        timeline_(folder_ / "timeline.csv"),
        pictures_(request.scene, request.packing.frames) {
    timeline_ << timeline_head();
    std::vector<Vec3> positions;
    for (const Ball& ball : start.system.balls) positions.push_back(in_scene(ball.centre_A));
    const auto balls = pdb_balls(start, request.scene, positions);
    const auto bonds = pdb_bonds(start);
    const PackingOptions& packing = request.packing;
    if (packing.trajectory == "dcd") {
      write_ball_pdb(folder_ / "topology.pdb", balls, bonds, "scene of " + request.scene.file.filename().string());
      dcd_ = std::make_unique<DcdWriter>(folder_ / "trajectory.dcd", static_cast<int64_t>(balls.size()),
                                         packing.frames + 1, packing.time_step_fs * packing.steps / packing.frames);
    }
    if (packing.trajectory == "pdb")
      models_ = std::make_unique<PdbTrajectory>(folder_ / "trajectory.pdb", balls, bonds);
  }

  void add(const PackingSample& sample, const std::vector<Vec3>& positions_A) {
    timeline_ << timeline_row(sample);
    pictures_.add(start_, sample, positions_A);
    std::vector<Vec3> positions;
    for (const Vec3& p : positions_A) positions.push_back(in_scene(p));
    if (dcd_) dcd_->add(positions);
    if (models_) models_->add(positions);
  }

  void finish() {
    timeline_.commit();
    if (dcd_) dcd_->commit();
    if (models_) models_->commit();
    pictures_.write(folder_ / "balls.png");
  }

 private:
  Vec3 in_scene(Vec3 p) const {
    const auto& box = request_.scene.box_A;
    return p + Vec3{box[0] / 2, box[1] / 2, box[2] / 2};
  }
  const PackRequest& request_;
  const PackingStart& start_;
  std::filesystem::path folder_;
  AtomicFile timeline_;
  Snapshots pictures_;
  std::unique_ptr<DcdWriter> dcd_;
  std::unique_ptr<PdbTrajectory> models_;
};

// What the molecules themselves, not their balls, occupy and share, on the voxels of the scene. Repeats of a filament,
// which touch by design, are left out.
Json molecules_json(const Scene& scene, const std::vector<PackedSpecies>& species, ExecContext& context) {
  std::vector<PosedSurface> bodies;
  for (const SceneBody& body : scene.bodies) {
    if (body.filament >= 0) continue;
    PosedSurface& posed = bodies.emplace_back();
    posed.surface = species[body.species].model.surface.get();
    posed.position_A = body.position_A;
    posed.scene_from_ref = body.scene_from_ref;
    posed.owner = static_cast<int32_t>(bodies.size()) - 1;
  }
  const PackingCheck check = check_packing(bodies, scene.shape(), scene.voxel_size_A, {}, context);
  return {{"voxels", check.voxels},
          {"occupied", check.body_voxels},
          {"occupancy", check.occupancy()},
          {"interpenetrating", check.collisions},
          {"interpenetrating_share",
           check.body_voxels ? static_cast<double>(check.collisions) / static_cast<double>(check.body_voxels) : 0.0}};
}

Json species_json(const Scene& scene, Sink& sink, PackOutcome& outcome) {
  auto list = Json::array();
  for (const SceneSpecies& s : scene.species) {
    outcome.species.push_back({s.name, s.structure, s.requested, s.placed});
    list.push_back({{"name", s.name},
                    {"structure", s.structure},
                    {"mass_kDa", s.mass_kDa},
                    {"requested", s.requested},
                    {"placed", s.placed},
                    {"shortfall", std::max<int64_t>(0, s.requested - s.placed)}});
    if (s.placed < s.requested)
      sink.message(Severity::warning, fmt::format("{}: {} of {} lie inside the box", s.name, s.placed, s.requested));
  }
  return list;
}

void summarise(const PackingRun& run, PackOutcome& outcome, const Json& molecules) {
  const PackingSample& end = run.timeline.back();
  int64_t requested = 0, placed = 0;
  for (const PackedSpeciesReport& s : outcome.species) {
    requested += s.requested;
    placed += s.placed;
  }
  outcome.summary = {
      {"placed", fmt::format("{} of {} macromolecules, {} balls", placed, requested, run.start.system.balls.size())},
      {"dynamics", fmt::format("{:.1f} ps, {:.2f} ms a step of {:g} fs, {}", end.time_ps, 1000 * run.seconds_per_step,
                               run.time_step_fs, run.platform)},
      {"occupancy",
       fmt::format("{:.1f} % of the box by balls, {:.1f} % by molecules; {:.1f} % by molecules in the cluster",
                   100 * end.occupancy.box_occupancy, 100 * molecules.at("occupancy").get<double>(),
                   100 * end.occupancy.cluster_occupancy)},
      {"overlap", fmt::format("{:.1f} % of the balls' volume, {:.2f} % of the molecules' voxels",
                              100 * end.occupancy.overlap, 100 * molecules.at("interpenetrating_share").get<double>())},
      {"bonds", fmt::format("within {:.2f} % (macromolecules), {:.2f} % (filaments, membranes)",
                            100 * end.rigid_stretch, 100 * end.flexible_stretch)}};
  if (std::isfinite(end.gaps.median_A))
    outcome.summary.emplace_back(
        "gaps", fmt::format("median {:.1f} Å, tenth {:.1f} Å, least {:.1f} Å; {:.0f} % of bodies overlap",
                            end.gaps.median_A, end.gaps.tenth_A, end.gaps.least_A, 100 * end.gaps.overlapping));
  if (run.halvings > 0)
    outcome.summary.emplace_back("time step", fmt::format("halved {} times, integration had blown up", run.halvings));
}

}  // namespace

PackOutcome pack_by_dynamics(const PackRequest& request, ExecContext& context, RunRecord& record,
                             const std::filesystem::path& pending) {
  StepTimer loading(record, "coarse-grain");
  std::vector<PackedSpecies> species = load_species(request, context);
  count_copies(request, species);
  loading.stop();
  throw_if_stopped(context, "nothing was written");
  StepTimer scattering(record, "scatter");
  PackingStart start = scatter_bodies(make_bodies(request, species), request.scene.box_A,
                                      request.packing.drive == "slab", request.packing.start_gap_A, context.seed);
  scattering.stop();
  StepTimer dynamics(record, "dynamics");
  Recorder recorder(request, start, pending);
  const PackingRun run = run_packing(
      start, request.packing, request.scene.box_A, request.scene.voxel_size_A, context,
      [&](const PackingSample& sample, const std::vector<Vec3>& positions_A) { recorder.add(sample, positions_A); });
  recorder.finish();
  dynamics.stop();
  StepTimer writing(record, "poses and report");
  PoseAgreement agreement;
  const Scene scene = scene_of(run, request.scene, species, context.seed, agreement);
  write_scene(pending / "scene.json", scene);
  PackOutcome outcome;
  const Json molecules = molecules_json(scene, species, context);
  double flexible = 0, rigid = 0;
  for (const PackingSample& sample : run.timeline) {
    flexible = std::max(flexible, sample.flexible_stretch);
    rigid = std::max(rigid, sample.rigid_stretch);
  }
  outcome.report = {{"mode", "paper"},
                    {"balls_model", request.packing.balls},
                    {"species", species_json(scene, context.sink, outcome)},
                    {"filaments", scene.filaments.size()},
                    {"membranes", scene.membranes.size()},
                    {"balls", run.start.system.balls.size()},
                    {"bonds", run.start.system.bonds.size()},
                    {"platform", run.platform},
                    {"time_step_fs", run.time_step_fs},
                    {"halvings", run.halvings},
                    {"seconds_per_step", run.seconds_per_step},
                    {"processor_seconds_per_step", run.processor_seconds_per_step},
                    {"start", sample_json(run.timeline.front())},
                    {"end", sample_json(run.timeline.back())},
                    {"largest_rigid_stretch", rigid},
                    {"largest_flexible_stretch", flexible},
                    {"molecules", molecules},
                    {"poses",
                     {{"bodies", agreement.bodies},
                      {"largest_rms_A", agreement.largest_rms_A},
                      {"deformed", agreement.deformed},
                      {"three_point_median_deg", agreement.median_angle_deg},
                      {"three_point_largest_deg", agreement.largest_angle_deg}}}};
  summarise(run, outcome, molecules);
  return outcome;
}

}  // namespace tessera
