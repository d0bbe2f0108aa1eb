// SPDX-License-Identifier: GPL-3.0-or-later
// The dynamics of ball_engine.h by OpenMM (Eastman et al. 2017). OpenMM's own units are nm, kJ/mol, Da and ps.
#include <OpenMM.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tessera/simulate/ball_engine.h"

namespace tessera {
namespace {

constexpr double nm_per_A = 0.1, kJ_per_kcal = 4.184, ps_per_fs = 1e-3;
constexpr double standard_mass_Da = 5000;
constexpr double stiffness = kJ_per_kcal / (nm_per_A * nm_per_A);  // kcal/mol/Å² → kJ/mol/nm²
enum Group { bonds, angles, pairs, drive, walls };

OpenMM::Vec3 nm(Vec3 v) {
  return {v.x * nm_per_A, v.y * nm_per_A, v.z * nm_per_A};
}

Vec3 scaled(const OpenMM::Vec3& v, double factor) {
  return {v[0] * factor, v[1] * factor, v[2] * factor};
}

OpenMM::Force* bond_force(const BallSystem& system, const PackingOptions& options) {
  auto* force = new OpenMM::HarmonicBondForce();  // U = k x²/2
  for (const BallBond& b : system.bonds)
    force->addBond(b.first, b.second, b.length_A * nm_per_A, 2 * options.bond_k * stiffness);
  force->setForceGroup(bonds);
  return force;
}

OpenMM::Force* angle_force(const BallSystem& system, const PackingOptions& options) {
  auto* force = new OpenMM::HarmonicAngleForce();
  for (const BallAngle& a : system.angles)
    force->addAngle(a.first, a.vertex, a.last, a.angle_rad, 2 * options.angle_k * kJ_per_kcal);
  force->setForceGroup(angles);
  return force;
}

// Lorentz–Berthelot rules give σ = (σᵢ + σⱼ)/2, and R_min = 2^(1/6) σ: with σᵢ = 2^(5/6) rᵢ, R_min = rᵢ + rⱼ.
OpenMM::Force* pair_force(const BallSystem& system, const PackingOptions& options) {
  auto* force = new OpenMM::NonbondedForce();
  force->setNonbondedMethod(OpenMM::NonbondedForce::CutoffNonPeriodic);
  force->setCutoffDistance(options.cutoff_A * nm_per_A);
  force->setUseSwitchingFunction(true);
  force->setSwitchingDistance(options.switch_A * nm_per_A);
  force->setReactionFieldDielectric(1);
  force->setUseDispersionCorrection(false);
  for (const Ball& ball : system.balls)
    force->addParticle(0, std::pow(2, 5.0 / 6) * options.r_min_scale * ball.radius_A * nm_per_A,
                       options.epsilon_kcal_mol * kJ_per_kcal);
  for (const BallBond& b : system.bonds) force->addException(b.first, b.second, 0, 1, 0);
  force->setForceGroup(pairs);
  return force;
}

OpenMM::Force* drive_force(const BallSystem& system, const PackingOptions& options) {
  const std::string distance = options.drive == "central" ? "sqrt(x^2+y^2+z^2+1e-8)" : "abs(z)";
  auto* force = new OpenMM::CustomExternalForce(
      "drive_scale*share*select(step(reach-r),0.5*slope*r^2,slope*reach*(r-0.5*reach));r=" + distance);
  force->addGlobalParameter("drive_scale", 1);
  force->addGlobalParameter("slope", options.drive_k * stiffness);
  force->addGlobalParameter("reach", options.drive_radius_A * nm_per_A);
  force->addPerParticleParameter("share");
  for (size_t i = 0; i < system.balls.size(); ++i)
    force->addParticle(static_cast<int>(i), {system.mass_Da[i] / standard_mass_Da});
  force->setForceGroup(drive);
  return force;
}

OpenMM::Force* wall_force(const BallSystem& system, const PackingOptions& options) {
  auto* force = new OpenMM::CustomExternalForce(
      "wall*(max(0,abs(x)+radius-half_x)^2+max(0,abs(y)+radius-half_y)^2+max(0,abs(z)+radius-half_z)^2)");
  force->addGlobalParameter("wall", options.wall_k * stiffness);
  for (const char* name : {"half_x", "half_y", "half_z"}) force->addGlobalParameter(name, 1e6);
  force->addPerParticleParameter("radius");
  for (size_t i = 0; i < system.balls.size(); ++i)
    force->addParticle(static_cast<int>(i), {system.balls[i].radius_A * nm_per_A});
  force->setForceGroup(walls);
  return force;
}

std::unique_ptr<OpenMM::System> make_system(const BallSystem& system, const PackingOptions& options) {
  auto out = std::make_unique<OpenMM::System>();
  for (const double mass : system.mass_Da) out->addParticle(mass);
  if (!system.bonds.empty()) out->addForce(bond_force(system, options));
  if (!system.angles.empty() && options.angle_k > 0) out->addForce(angle_force(system, options));
  out->addForce(pair_force(system, options));
  if (options.drive != "box") out->addForce(drive_force(system, options));
  if (options.drive != "central") out->addForce(wall_force(system, options));
  return out;
}

std::unique_ptr<OpenMM::Integrator> make_integrator(const PackingOptions& options, uint64_t seed) {
  const double step = options.time_step_fs * ps_per_fs;
  const int number = static_cast<int>(seed % 2147483646) + 1;  // 0 would ask for a seed from the clock
  if (options.integrator == "verlet") return std::make_unique<OpenMM::VerletIntegrator>(step);
  if (options.integrator == "brownian") {
    auto out = std::make_unique<OpenMM::BrownianIntegrator>(options.temperature_K, options.friction_per_ps, step);
    out->setRandomNumberSeed(number);
    return out;
  }
  auto out = std::make_unique<OpenMM::LangevinMiddleIntegrator>(options.temperature_K, options.friction_per_ps, step);
  out->setRandomNumberSeed(number);
  return out;
}

OpenMM::Platform* find_platform(const std::string& name) {
  for (int i = 0; i < OpenMM::Platform::getNumPlatforms(); ++i)
    if (OpenMM::Platform::getPlatform(i).getName() == name) return &OpenMM::Platform::getPlatform(i);
  return nullptr;
}

// A plugin is loaded when it is asked for: loading all of them would start every driver of the machine.
OpenMM::Platform* load_platform(const std::string& name) {
  if (OpenMM::Platform* found = find_platform(name)) return found;
  try {
    OpenMM::Platform::loadPluginLibrary(OpenMM::Platform::getDefaultPluginsDirectory() + "/libOpenMM" + name + ".so");
  } catch (const std::exception&) {  // not installed, or no such device
    return nullptr;
  }
  return find_platform(name);
}

OpenMM::Platform& choose_platform(const std::string& wanted) {
  if (wanted == "auto") {
    for (const char* name : {"CUDA", "CPU", "Reference"})
      if (OpenMM::Platform* found = load_platform(name)) return *found;
    throw UserError("OpenMM has no platform at all; install libopenmm-plugins");
  }
  if (OpenMM::Platform* found = load_platform(wanted)) return *found;
  throw UserError(
      fmt::format("OpenMM has no platform {} here (looked in {}); try --platform auto, or install "
                  "libopenmm-plugins",
                  wanted, OpenMM::Platform::getDefaultPluginsDirectory()));
}

class OpenMMEngine : public BallEngine {
 public:
  OpenMMEngine(const BallSystem& system, const PackingOptions& options, int threads, uint64_t seed)
      : options_(options), system_(make_system(system, options)), integrator_(make_integrator(options, seed)) {
    OpenMM::Platform& platform = choose_platform(options.platform);
    std::map<std::string, std::string> properties;
    if (platform.getName() == "CPU") properties["Threads"] = std::to_string(threads);
    context_ = std::make_unique<OpenMM::Context>(*system_, *integrator_, platform, properties);
    BallState start;
    for (const Ball& ball : system.balls) {
      start.positions_A.push_back(ball.centre_A);
      smallest_radius_A_ = std::min(smallest_radius_A_, ball.radius_A);
    }
    start.velocities_A_per_fs.resize(start.positions_A.size());
    OpenMMEngine::set_state(start);
  }

  BallState state() const override {
    const OpenMM::State state = context_->getState(OpenMM::State::Positions | OpenMM::State::Velocities);
    BallState out;
    for (const auto& p : state.getPositions()) out.positions_A.push_back(scaled(p, 1 / nm_per_A));
    for (const auto& v : state.getVelocities()) out.velocities_A_per_fs.push_back(scaled(v, ps_per_fs / nm_per_A));
    return out;
  }
  void set_state(const BallState& state) override {
    std::vector<OpenMM::Vec3> positions, velocities;
    for (const Vec3& p : state.positions_A) positions.push_back(nm(p));
    for (const Vec3& v : state.velocities_A_per_fs) velocities.push_back(nm(v * (1 / ps_per_fs)));
    context_->setPositions(positions);
    context_->setVelocities(velocities);
  }
  void set_drive(double scale) override {
    if (options_.drive != "box") context_->setParameter("drive_scale", scale);
  }
  void set_walls(Vec3 half_widths_A) override {
    if (options_.drive == "central") return;
    context_->setParameter("half_x", half_widths_A.x * nm_per_A);
    context_->setParameter("half_y", half_widths_A.y * nm_per_A);
    context_->setParameter("half_z", half_widths_A.z * nm_per_A);
  }
  void set_time_step(double fs) override { integrator_->setStepSize(fs * ps_per_fs); }
  void draw_velocities(uint64_t seed) override {
    context_->setVelocitiesToTemperature(options_.temperature_K, static_cast<int>(seed % 2147483646) + 1);
  }
  void minimise(int iterations) override {
    // Until forces fall to a hundredth of the drive's, or to what attraction alone can do (2.69 ε/R_min at its most):
    // overlap goes, what merely attracts stays where it is.
    const double attraction = 2.69 * options_.epsilon_kcal_mol / (2 * smallest_radius_A_ * options_.r_min_scale);
    const double force = std::max({1.0, 0.01 * options_.drive_k * options_.drive_radius_A, attraction});
    const double tolerance = force * kJ_per_kcal / nm_per_A;
    guard([&] { OpenMM::LocalEnergyMinimizer::minimize(*context_, tolerance, iterations); });
  }
  void step(int64_t steps) override {
    guard([&] { integrator_->step(static_cast<int>(steps)); });
  }
  BallEnergies energies() const override {
    BallEnergies out;
    out.kinetic = context_->getState(OpenMM::State::Energy).getKineticEnergy() / kJ_per_kcal;
    out.bond = of_group(bonds);
    out.angle = of_group(angles);
    out.lennard_jones = of_group(pairs);
    out.drive = of_group(drive);
    out.walls = of_group(walls);
    return out;
  }
  std::vector<Vec3> forces() const override {
    const OpenMM::State state = context_->getState(OpenMM::State::Forces);
    std::vector<Vec3> out;
    for (const auto& f : state.getForces()) out.push_back(scaled(f, nm_per_A / kJ_per_kcal));
    return out;
  }
  std::string platform() const override {
    return "OpenMM " + OpenMM::Platform::getOpenMMVersion() + " " + context_->getPlatform().getName();
  }

 private:
  double of_group(Group group) const {
    return context_->getState(OpenMM::State::Energy, false, 1 << group).getPotentialEnergy() / kJ_per_kcal;
  }
  template <typename Run>
  static void guard(Run&& run) {
    try {
      run();
    } catch (const OpenMM::OpenMMException& error) {
      throw NumericalError(fmt::format("OpenMM gave up: {}", error.what()));
    }
  }

  PackingOptions options_;
  double smallest_radius_A_ = std::numeric_limits<double>::infinity();
  std::unique_ptr<OpenMM::System> system_;
  std::unique_ptr<OpenMM::Integrator> integrator_;
  std::unique_ptr<OpenMM::Context> context_;
};

}  // namespace

std::unique_ptr<BallEngine> make_ball_engine(const BallSystem& system, const PackingOptions& options, int threads,
                                             uint64_t seed) {
  try {
    return std::make_unique<OpenMMEngine>(system, options, threads, seed);
  } catch (const OpenMM::OpenMMException& error) {
    throw UserError(fmt::format("OpenMM does not take this system: {}", error.what()));
  }
}

}  // namespace tessera
