// SPDX-License-Identifier: GPL-3.0-or-later
// The energy of ball_engine.h as it is written there: every pair, in double precision; forces by central differences.
#pragma once

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "tessera/simulate/ball_engine.h"

namespace tessera::reference {

struct BallEnvironment {
  double drive_scale = 1;
  Vec3 half_widths_A{1e7, 1e7, 1e7};
};

inline double lennard_jones(double r, double r_min, const PackingOptions& o) {
  if (r >= o.cutoff_A) return 0;
  const double u = r <= o.switch_A ? 0 : (r - o.switch_A) / (o.cutoff_A - o.switch_A);
  const double s = 1 - 10 * std::pow(u, 3) + 15 * std::pow(u, 4) - 6 * std::pow(u, 5);
  return s * o.epsilon_kcal_mol * (std::pow(r_min / r, 12) - 2 * std::pow(r_min / r, 6));
}

inline BallEnergies ball_energies(const BallSystem& system, const std::vector<Vec3>& x, const PackingOptions& o,
                                  const BallEnvironment& environment) {
  BallEnergies out;
  std::set<std::pair<int32_t, int32_t>> bonded;
  for (const BallBond& b : system.bonds) {
    bonded.insert(std::minmax(b.first, b.second));
    out.bond += o.bond_k * std::pow((x[b.first] - x[b.second]).norm() - b.length_A, 2);
  }
  for (const BallAngle& a : system.angles) {
    const Vec3 p = x[a.first] - x[a.vertex], q = x[a.last] - x[a.vertex];
    const double angle = std::acos(std::clamp(p.dot(q) / (p.norm() * q.norm()), -1.0, 1.0));
    out.angle += o.angle_k * std::pow(angle - a.angle_rad, 2);
  }
  for (int32_t i = 0; i < static_cast<int32_t>(x.size()); ++i) {
    for (int32_t j = i + 1; j < static_cast<int32_t>(x.size()); ++j)
      if (!bonded.contains({i, j}))
        out.lennard_jones += lennard_jones((x[i] - x[j]).norm(),
                                           o.r_min_scale * (system.balls[i].radius_A + system.balls[j].radius_A), o);
    const double r = o.drive == "central" ? x[i].norm() : std::abs(x[i].z), reach = o.drive_radius_A;
    const double share = environment.drive_scale * system.mass_Da[i] / 5000;
    if (o.drive != "box") out.drive += share * o.drive_k * (r < reach ? r * r / 2 : reach * r - reach * reach / 2);
    const Vec3 h = environment.half_widths_A;
    const double radius = system.balls[i].radius_A;
    for (const auto& [at, half] : {std::pair(x[i].x, h.x), std::pair(x[i].y, h.y), std::pair(x[i].z, h.z)})
      if (o.drive != "central") out.walls += o.wall_k * std::pow(std::max(0.0, std::abs(at) + radius - half), 2);
  }
  return out;
}

// −∂U/∂x, by differences over 2·step: error about step²·U‴/6.
inline std::vector<Vec3> ball_forces(const BallSystem& system, std::vector<Vec3> x, const PackingOptions& o,
                                     const BallEnvironment& environment, double step = 1e-3) {
  std::vector<Vec3> out(x.size());
  for (size_t i = 0; i < x.size(); ++i)
    for (double Vec3::*axis : {&Vec3::x, &Vec3::y, &Vec3::z}) {
      const double at = x[i].*axis;
      x[i].*axis = at + step;
      const double up = ball_energies(system, x, o, environment).potential();
      x[i].*axis = at - step;
      const double down = ball_energies(system, x, o, environment).potential();
      x[i].*axis = at;
      out[i].*axis = (down - up) / (2 * step);
    }
  return out;
}

}  // namespace tessera::reference
