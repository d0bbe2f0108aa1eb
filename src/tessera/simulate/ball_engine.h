// SPDX-License-Identifier: GPL-3.0-or-later
// Molecular dynamics of balls ([P] 2.2), whatever program does it. Units: Å, kcal/mol, Da, fs; positions about the
// centre of the scene.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tessera/simulate/balls.h"
#include "tessera/simulate/packing_options.h"

namespace tessera {

struct BallBond {
  int32_t first = 0, second = 0;
  double length_A = 0;
};

struct BallAngle {
  int32_t first = 0, vertex = 0, last = 0;
  double angle_rad = 0;
};

struct BallSystem {
  std::vector<Ball> balls;
  std::vector<double> mass_Da;
  std::vector<BallBond> bonds;  // bonded pairs feel no Lennard-Jones force
  std::vector<BallAngle> angles;
};

struct BallEnergies {  // kcal/mol
  double kinetic = 0, bond = 0, angle = 0, lennard_jones = 0, drive = 0, walls = 0;
  double potential() const { return bond + angle + lennard_jones + drive + walls; }
};

struct BallState {
  std::vector<Vec3> positions_A, velocities_A_per_fs;
};

// U = Σ_bonds k_b (|x| − x₀)² + Σ_angles k_θ (θ − θ₀)² + Σ_pairs ε S(r) [(R/r)¹² − 2 (R/r)⁶] + drive + walls, where
//   R is r_min_scale times the sum of the two radii and S falls smoothly from 1 at the switch to 0 at the cutoff,
//     S = 1 − 10 u³ + 15 u⁴ − 6 u⁵, u = (r − switch)/(cutoff − switch);
//   drive, times drive scale times mass/5000: k r²/2 up to the drive radius, then linear with the same slope ([P] Eq.
//   8);
//     r is |x| for central, |z| for slab; none for box;
//   walls (slab, box): wall_k times the square of what each side of a ball reaches beyond the half widths.
// Not thread-safe. NumericalError when the engine itself gives up (positions that are not numbers).
class BallEngine {
 public:
  virtual ~BallEngine() = default;
  virtual BallState state() const = 0;
  virtual void set_state(const BallState& state) = 0;
  virtual void set_drive(double scale) = 0;        // 1 at first
  virtual void set_walls(Vec3 half_widths_A) = 0;  // no part in a central drive
  virtual void set_time_step(double fs) = 0;
  virtual void draw_velocities(uint64_t seed) = 0;  // Maxwell's, of the heat bath
  // At most so many iterations (0: no limit), until the rms force is what attraction of two balls can do at its most, a
  // hundredth of the drive at its plateau or 1 kcal/mol/Å, whichever is largest: to undo overlap, not to gather.
  virtual void minimise(int iterations) = 0;
  virtual void step(int64_t steps) = 0;
  virtual BallEnergies energies() const = 0;
  virtual std::vector<Vec3> forces() const = 0;  // kcal/mol/Å
  virtual std::string platform() const = 0;      // "OpenMM 7.7 CPU"
};

// OpenMM's. UserError saying how to get OpenMM where Tessera was built without, or which platforms there are.
// Dynamics on several threads sums forces in no fixed order: runs of one seed agree until chaos parts them.
std::unique_ptr<BallEngine> make_ball_engine(const BallSystem& system, const PackingOptions& options, int threads,
                                             uint64_t seed);

}  // namespace tessera
