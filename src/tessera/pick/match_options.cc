// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/match_options.h"

#include <cmath>

#include "tessera/so3/point_group.h"

namespace tessera {

void MatchOptions::add_faults(Faults& faults, size_t templates) const {
  const auto positive = [&](const char* name, const std::optional<double>& value) {
    if (value && !(*value > 0 && std::isfinite(*value))) faults.add(fmt::format("--{} {:g}: above 0", name, *value));
  };
  positive("search-resolution", search_resolution_A);
  positive("resolution", resolution_A);
  if (!(angular_step_deg > 0 && angular_step_deg <= 90))
    faults.add(fmt::format("--angular-step {:g}: above 0°, at most 90°", angular_step_deg));
  const auto counted = [&](const char* name, size_t count) {
    if (count > 1 && count != templates)
      faults.add(fmt::format("--{} has {} values for {} templates; give one, or one each", name, count, templates));
  };
  counted("symmetry", symmetry.size());
  counted("mask-diameter", mask_diameter_A.size());
  for (const double diameter : mask_diameter_A)
    if (!(diameter > 0)) faults.add(fmt::format("--mask-diameter {:g}: above 0", diameter));
  for (const std::string& group : symmetry) try {
      (void)point_group(group);
    } catch (const UserError& error) {
      faults.add(fmt::format("--symmetry: {}", error.what()));
    }
  if (!(overlap >= 0)) faults.add(fmt::format("--template-overlap {:g}: not negative", overlap));
  if (!(false_positives > 0)) faults.add(fmt::format("--false-positives {:g}: above 0", false_positives));
}

}  // namespace tessera
