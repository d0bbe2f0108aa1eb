// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/packing.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>

#include "tessera/base/stopwatch.h"
#include "tessera/simulate/pose_fit.h"

namespace tessera {
namespace {

constexpr int most_segments = 200, most_halvings = 4;
constexpr double most_stretch = 1;  // of a bond, before the integration counts as blown up
constexpr double least_repair_A = 1;
constexpr double boltzmann_kcal_mol_K = 0.0019872;

bool finite(const std::vector<Vec3>& points) {
  return std::all_of(points.begin(), points.end(),
                     [](Vec3 p) { return std::isfinite(p.x) && std::isfinite(p.y) && std::isfinite(p.z); });
}

// The dynamics of one run.
class Dynamics {
 public:
  Dynamics(const PackingStart& start, const PackingOptions& options, std::array<double, 3> box_A, int threads,
           uint64_t seed)
      : start_(start),
        options_(options),
        box_half_A_{box_A[0] / 2, box_A[1] / 2, box_A[2] / 2},
        engine_(make_ball_engine(start.system, options, threads, seed)),
        time_step_fs_(options.time_step_fs) {
    rigid_bond_.reserve(start.system.bonds.size());
    for (const BallBody& body : start.bodies)
      rigid_bond_.insert(rigid_bond_.end(), body.bonds.size(), body.kind == BodyKind::macromolecule);
    far_A_ = 1000 + 3 * start.half_widths_A.norm();
  }

  void prepare(uint64_t seed) {
    engine_->set_drive(0);
    engine_->set_walls(start_.half_widths_A);
    if (options_.minimisation_steps > 0) engine_->minimise(options_.minimisation_steps);
    engine_->draw_velocities(seed);
    good_ = engine_->state();
    engine_->set_drive(1);
    const BallEnergies begin = engine_->energies();
    // Nothing but the walls does work on the balls later, and the heat bath keeps them at its temperature.
    const double thermal =
        100 * boltzmann_kcal_mol_K * options_.temperature_K * static_cast<double>(good_.positions_A.size());
    if (options_.drive == "central")
      most_kinetic_ = begin.drive + std::abs(begin.lennard_jones) + begin.bond + begin.angle + thermal;
    if (!sound(good_.positions_A)) throw NumericalError("the energy minimisation left positions that are no numbers");
  }

  // `steps` of the step asked for, at the part `done` (0 to 1) of the run.
  void advance(int64_t steps, double done) {
    const Vec3 from = start_.half_widths_A, to = box_half_A_;
    const double closed = std::min(1.0, done / 0.75);
    engine_->set_walls(from + (to - from) * closed);
    engine_->set_drive(1 + (options_.final_drive - 1) * std::max(0.0, (done - 0.75) / 0.25));
    while (!try_segment(steps * (int64_t{1} << halvings_))) {
      if (halvings_ == most_halvings) give_up();
      ++halvings_;
      time_step_fs_ /= 2;
      engine_->set_time_step(time_step_fs_);
      engine_->set_state(good_);
    }
  }

  PackingSample sample(double time_ps, std::array<double, 3> box_A, double voxel_size_A) const {
    PackingSample out;
    out.time_ps = time_ps;
    out.energies = engine_->energies();
    stretches(good_.positions_A, out.rigid_stretch, out.flexible_stretch);
    const PackedBalls packed = packed_balls(start_, good_.positions_A);
    out.occupancy = occupancy_of(packed, box_A, voxel_size_A);
    out.gaps = gaps_of(packed);
    return out;
  }

  const std::vector<Vec3>& positions_A() const { return good_.positions_A; }
  int halvings() const { return halvings_; }
  double time_step_fs() const { return time_step_fs_; }
  std::string platform() const { return engine_->platform(); }

 private:
  bool try_segment(int64_t steps) {
    try {
      engine_->step(steps);
    } catch (const NumericalError&) {
      return false;
    }
    BallState state = engine_->state();
    if (!sound(state.positions_A) || !(engine_->energies().kinetic <= most_kinetic_)) return false;
    good_ = std::move(state);
    if (options_.keep_rigid && restore_shapes(good_.positions_A)) engine_->set_state(good_);
    return true;
  }

  // Bonds keep lengths, and a mirror image has the same lengths: a flat body is pressed through its plane by its
  // neighbours and stays inside out. Bodies on the way there go back to their own shape at the pose that fits best.
  // Returns whether any was moved.
  bool restore_shapes(std::vector<Vec3>& positions) const {
    bool moved = false;
    std::vector<Vec3> reference, scene;
    for (size_t b = 0; b < start_.bodies.size(); ++b) {
      const BallBody& body = start_.bodies[b];
      if (body.kind != BodyKind::macromolecule || body.balls.size() < 3) continue;
      reference.clear();
      for (const Ball& ball : body.balls) reference.push_back(ball.centre_A);
      const auto first = positions.begin() + start_.first_ball[b];
      scene.assign(first, first + static_cast<int64_t>(body.balls.size()));
      const BodyPose pose = fit_pose(reference, scene);
      if (pose.rms_A < least_repair_A) continue;
      moved = true;
      const Mat3 turn = pose.scene_from_ref.matrix();
      for (size_t i = 0; i < reference.size(); ++i)
        *(first + static_cast<int64_t>(i)) = turn * reference[i] + pose.position_A;
    }
    return moved;
  }

  bool sound(const std::vector<Vec3>& positions) const {
    if (!finite(positions)) return false;
    if (std::any_of(positions.begin(), positions.end(), [&](Vec3 p) { return p.norm() > far_A_; })) return false;
    double rigid = 0, flexible = 0;
    stretches(positions, rigid, flexible);
    return std::max(rigid, flexible) <= most_stretch;
  }

  void stretches(const std::vector<Vec3>& positions, double& rigid, double& flexible) const {
    for (size_t i = 0; i < start_.system.bonds.size(); ++i) {
      const BallBond& bond = start_.system.bonds[i];
      if (bond.length_A <= 0) continue;
      const double length = (positions[bond.first] - positions[bond.second]).norm();
      double& largest = rigid_bond_[i] ? rigid : flexible;
      largest = std::max(largest, std::abs(length / bond.length_A - 1));
    }
  }

  [[noreturn]] void give_up() const {
    throw NumericalError(
        fmt::format("the integration blows up even with a time step of {:g} fs (asked for {:g} fs): lower --time-step, "
                    "--epsilon or --drive-k, raise --friction, or soften the bonds (--bond-k)",
                    time_step_fs_, options_.time_step_fs));
  }

  const PackingStart& start_;
  const PackingOptions& options_;
  Vec3 box_half_A_;
  std::unique_ptr<BallEngine> engine_;
  std::vector<bool> rigid_bond_;
  BallState good_;  // after the last sound segment
  double far_A_ = 0, time_step_fs_, most_kinetic_ = std::numeric_limits<double>::infinity();
  int halvings_ = 0;
};

}  // namespace

PackedBalls packed_balls(const PackingStart& start, const std::vector<Vec3>& positions_A) {
  PackedBalls out;
  out.balls = start.system.balls;
  for (size_t i = 0; i < out.balls.size(); ++i) out.balls[i].centre_A = positions_A[i];
  for (size_t b = 0; b < start.bodies.size(); ++b) {
    out.body_of_ball.insert(out.body_of_ball.end(), start.bodies[b].balls.size(), static_cast<int32_t>(b));
    out.volume_A3.push_back(start.bodies[b].volume_A3);
  }
  return out;
}

PackingRun run_packing(PackingStart start, const PackingOptions& options, std::array<double, 3> box_A,
                       double voxel_size_A, ExecContext& context,
                       const std::function<void(const PackingSample&, const std::vector<Vec3>&)>& on_frame) {
  Faults faults;
  options.add_faults(faults);
  faults.raise<UserError>("the scene cannot be packed");
  PackingRun run;
  run.start = std::move(start);
  Dynamics dynamics(run.start, options, box_A, context.threads.count(), context.seed);
  run.platform = dynamics.platform();
  dynamics.prepare(context.seed);
  const auto record = [&](int64_t steps) {
    run.timeline.push_back(
        dynamics.sample(static_cast<double>(steps) * options.time_step_fs * 1e-3, box_A, voxel_size_A));
    on_frame(run.timeline.back(), dynamics.positions_A());
  };
  record(0);
  // Frames fall on ends of segments: as many segments a frame as keep the run near most_segments.
  const int64_t parts = std::max<int64_t>(1, std::min(most_segments, options.steps) / options.frames);
  const int64_t segments = parts * options.frames;
  Progress progress(context.sink, "packing by molecular dynamics", segments);
  double seconds = 0, processor_seconds = 0;
  for (int64_t segment = 0; segment < segments; ++segment) {
    if (context.stop_requested()) throw Interrupted("stopped; nothing was written");
    const int64_t begin = options.steps * segment / segments, end = options.steps * (segment + 1) / segments;
    const Stopwatch clock;
    const std::clock_t processor = std::clock();
    if (end > begin) dynamics.advance(end - begin, static_cast<double>(segment + 1) / static_cast<double>(segments));
    seconds += clock.seconds();
    processor_seconds += static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
    if ((segment + 1) % parts == 0) record(end);
    progress.advance();
  }
  run.positions_A = dynamics.positions_A();
  run.time_step_fs = dynamics.time_step_fs();
  run.halvings = dynamics.halvings();
  run.seconds_per_step = seconds / options.steps;
  run.processor_seconds_per_step = processor_seconds / options.steps;
  return run;
}

}  // namespace tessera
