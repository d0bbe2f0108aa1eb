// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/packing_options.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "tessera/base/nearest.h"

namespace tessera {
namespace {

void one_of(Faults& faults, const char* flag, const std::string& value, const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), value) == choices.end())
    faults.add(fmt::format("{} \"{}\": must be one of {}{}", flag, value, fmt::join(choices, ", "),
                           did_you_mean(value, choices)));
}

void positive(Faults& faults, const char* flag, double value) {
  if (!(value > 0 && std::isfinite(value))) faults.add(fmt::format("{} {}: must be positive", flag, value));
}

void not_negative(Faults& faults, const char* flag, double value) {
  if (!(value >= 0 && std::isfinite(value))) faults.add(fmt::format("{} {}: must not be negative", flag, value));
}

}  // namespace

void PackingOptions::add_faults(Faults& faults) const {
  one_of(faults, "--balls", balls, {"multi", "single"});
  one_of(faults, "--drive", drive, {"central", "slab", "box"});
  one_of(faults, "--integrator", integrator, {"langevin", "brownian", "verlet"});
  one_of(faults, "--trajectory", trajectory, {"dcd", "pdb", "none"});
  one_of(faults, "--platform", platform, {"auto", "CPU", "CUDA", "OpenCL", "Reference"});
  positive(faults, "--epsilon", epsilon_kcal_mol);
  positive(faults, "--r-min-scale", r_min_scale);
  positive(faults, "--switch", switch_A);
  if (!(cutoff_A > switch_A && std::isfinite(cutoff_A)))
    faults.add(fmt::format("--cutoff {}: must lie beyond --switch {}", cutoff_A, switch_A));
  positive(faults, "--bond-k", bond_k);
  not_negative(faults, "--angle-k", angle_k);
  not_negative(faults, "--drive-k", drive_k);
  positive(faults, "--drive-radius", drive_radius_A);
  if (!(final_drive >= 0 && final_drive <= 1)) faults.add(fmt::format("--final-drive {}: from 0 to 1", final_drive));
  positive(faults, "--wall-k", wall_k);
  positive(faults, "--time-step", time_step_fs);
  not_negative(faults, "--temperature", temperature_K);
  positive(faults, "--friction", friction_per_ps);
  positive(faults, "--ball-mass", ball_mass_Da);
  not_negative(faults, "--start-gap", start_gap_A);
  if (steps < 1) faults.add(fmt::format("--steps {}: at least 1", steps));
  if (frames < 1 || frames > steps) faults.add(fmt::format("--frames {}: from 1 to the number of steps", frames));
  if (minimisation_steps < 0) faults.add(fmt::format("--minimisation-steps {}: not negative", minimisation_steps));
}

}  // namespace tessera
