// SPDX-License-Identifier: GPL-3.0-or-later
// The force field and integration of [P] 2.2, in explicit units: Å, kcal/mol, Da, fs (those of NAMD, which [P] used).
#pragma once

#include <string>

#include "tessera/base/errors.h"
#include "tessera/base/option.h"

namespace tessera {

struct PackingOptions {
  std::string balls = "multi";
  double epsilon_kcal_mol = 1000;
  double r_min_scale = 1;
  double switch_A = 600, cutoff_A = 610;
  double bond_k = 2000, angle_k = 0;
  std::string drive = "central";
  double drive_k = 10, drive_radius_A = 300, final_drive = 1;
  double wall_k = 10;
  std::string integrator = "langevin";
  double time_step_fs = 10;
  int steps = 5000;
  double temperature_K = 300, friction_per_ps = 5;
  double ball_mass_Da = 5000;
  bool keep_rigid = true;
  int minimisation_steps = 200;
  double start_gap_A = 10;
  int frames = 50;
  std::string trajectory = "dcd";
  std::string platform = "auto";

  template <typename Visitor>
  void describe(Visitor& visit);
  void add_faults(Faults& faults) const;
};

template <typename Visitor>
void PackingOptions::describe(Visitor& visit) {
  visit(Option{"balls", "", "multi (coarse-grained macromolecules) or single (one ball each)", "Bodies"}, balls);
  visit(Option{"ball-mass", "Da", "Mass of a ball; of a single ball, times the number it stands for", "Bodies"},
        ball_mass_Da);
  visit(Option{"epsilon", "kcal/mol", "Depth ε of the Lennard-Jones potential", "Force field"}, epsilon_kcal_mol);
  visit(Option{"r-min-scale", "", "R_min of two balls, as a multiple of the sum of their radii", "Force field"},
        r_min_scale);
  visit(Option{"switch", "Å", "Where the Lennard-Jones potential begins to be switched off", "Force field"}, switch_A);
  visit(Option{"cutoff", "Å", "Where it is zero", "Force field"}, cutoff_A);
  visit(Option{"bond-k", "kcal/mol/Å²", "k_b of a bond, U = k_b (|x| − x₀)²", "Force field"}, bond_k);
  visit(Option{"angle-k", "kcal/mol/rad²", "k_θ of filaments and membranes, U = k_θ (θ − θ₀)²", "Force field"},
        angle_k);
  visit(Option{"drive", "", "central (to the centre), slab (to the middle plane) or box (walls that close)", "Drive"},
        drive);
  visit(Option{"drive-k", "kcal/mol/Å²", "Slope of the drive on a ball of the standard mass 5000 Da", "Drive"},
        drive_k);
  visit(Option{"drive-radius", "Å", "Beyond it the drive is constant", "Drive"}, drive_radius_A);
  visit(Option{"final-drive", "", "Factor that the drive falls to in the last quarter of the run", "Drive"},
        final_drive);
  visit(Option{"wall-k", "kcal/mol/Å²", "Stiffness of the walls of slab and box", "Drive"}, wall_k);
  visit(Option{"integrator", "", "langevin, brownian (overdamped) or verlet (no friction)", "Dynamics"}, integrator);
  visit(Option{"time-step", "fs", "Of the integrator; halved by the program where integration blows up", "Dynamics"},
        time_step_fs);
  visit(Option{"steps", "", "Length of the run in such steps", "Dynamics"}, steps);
  visit(Option{"temperature", "K", "Of the heat bath", "Dynamics"}, temperature_K);
  visit(Option{"friction", "1/ps", "Of the heat bath", "Dynamics"}, friction_per_ps);
  visit(Option{"keep-rigid", "", "Put macromolecules that were crushed by 1 Å or more back into shape, 200 times a run",
               "Dynamics"},
        keep_rigid);
  visit(Option{"minimisation-steps", "", "Of the energy, without drive, before the dynamics; 0: none", "Dynamics"},
        minimisation_steps);
  visit(Option{"start-gap", "Å", "Least gap between bodies at the start", "Dynamics"}, start_gap_A);
  visit(Option{"platform", "", "Of OpenMM: auto (CUDA where there is one, else CPU), CPU, CUDA, OpenCL or Reference",
               "Dynamics"},
        platform);
  visit(Option{"frames", "", "Times at which the state is recorded", "Trajectory"}, frames);
  visit(Option{"trajectory", "", "dcd (with topology.pdb), pdb (models) or none", "Trajectory"}, trajectory);
}

}  // namespace tessera
