// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "tessera/pick/dog.h"

namespace tessera {

const std::vector<double>& DogOptions::usual_diameters_A() {
  static const std::vector<double> out = {100, 140, 200, 280};
  return out;
}

void DogOptions::set_paper() {
  if (sigma_A.empty() && diameter_A.empty()) sigma_A = {70};
  scale_units = "contrast";
  threshold = "level";
  distance_A = 0;
}

void DogOptions::add_faults(Faults& faults) const {
  if (!sigma_A.empty() && !diameter_A.empty()) faults.add("give --sigma or --diameter, not both");
  for (const double s : sigma_A)
    if (!(s > 0) || !std::isfinite(s)) faults.add(fmt::format("--sigma {} must be positive", s));
  for (const double d : diameter_A)
    if (!(d > 0) || !std::isfinite(d)) faults.add(fmt::format("--diameter {} must be positive", d));
  if (!(ratio > 1 && ratio <= 4)) faults.add(fmt::format("--sigma-ratio {} must lie above 1, at most 4", ratio));
  if (!(scale_power >= 0 && scale_power <= 10))
    faults.add(fmt::format("--scale-power {} must lie between 0 and 10", scale_power));
  require_one_of("scale-units", scale_units, {"spread", "contrast"}, faults);
  require_one_of("threshold", threshold, {"spread", "mirror", "level", "none"}, faults);
  if (!(mirror_share > 0 && mirror_share <= 10))
    faults.add(fmt::format("--mirror-share {} must lie above 0, at most 10", mirror_share));
  if (!(level >= 0 && level <= 20)) faults.add(fmt::format("--level {} must lie between 0 and 20", level));
  if (!std::isfinite(spreads)) faults.add(fmt::format("--spreads {} must be a number", spreads));
  if (distance_A && !(*distance_A >= 0)) faults.add(fmt::format("--distance {} Å cannot be negative", *distance_A));
  if (!(overlap >= 0 && overlap <= 2)) faults.add(fmt::format("--overlap {} must lie between 0 and 2", overlap));
  if (neighbours != 6 && neighbours != 18 && neighbours != 26)
    faults.add(fmt::format("--neighbours {} must be 6, 18 or 26", neighbours));
}

std::vector<double> DogOptions::sigmas_voxels(double voxel_size_A) const {
  std::vector<double> out;
  for (const double s : sigma_A) out.push_back(s / voxel_size_A);
  for (const double d : any_size() ? usual_diameters_A() : diameter_A)
    out.push_back(sigma_of_diameter(d / voxel_size_A, ratio));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace tessera
