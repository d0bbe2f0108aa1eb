// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/class_ends.h"

#include <fmt/format.h>

#include <algorithm>

#include "tessera/average/class_balance.h"
#include "tessera/average/class_members.h"
#include "tessera/average/grid_expectation.h"

namespace tessera {
namespace {

// As a run of this class alone would have it.
AverageOptions options_of_class(const AverageOptions& options, double mask_diameter_A) {
  AverageOptions out = options;
  out.classes = 1;
  out.mask_diameter_A = mask_diameter_A;
  return out;
}

}  // namespace

bool ends_over_all_poses(const AverageOptions& options, bool has_references, bool has_mask) {
  const ModelOptions& model = options.model;
  return model.class_ends && options.classes > 1 && options.start == "auto" && options.method == "faml" &&
         options.symmetry.empty() && !options.fixed_poses && !model.imputation && !has_references && !has_mask;
}

bool ClassEnds::any() const {
  return std::any_of(effective_poses.begin(), effective_poses.end(), [](double poses) { return poses > 0; });
}

ClassEnds end_over_all_poses(ParticleStack& stack, const AverageOptions& options, AverageState& state,
                             ExecContext& context, const MarginalStartOptions& start) {
  ClassEnds out;
  out.effective_poses.resize(options.classes);
  if (grid_found_narrow(state.reports)) return out;
  StartLog log;
  for (int k = 0; k < options.classes; ++k) {
    const std::vector<int64_t> members = members_of(state.assignments, k);
    if (std::ssize(members) < least_particles) continue;
    const double radius = state.classes[k].mask_radius;
    const AverageOptions one = options_of_class(options, 2 * radius * stack.voxel_size_A());
    const std::vector<Assignment> rival = class_alone(state.assignments, members, k);
    MarginalStartOptions of_class = start;
    of_class.of_class = fmt::format(" of class {}", k + 1);
    MarginalStart found = marginal_start(stack, members, one, radius, log, context, &rival, of_class);
    const bool taken = found.condensed && !found.beaten && !found.state.reports.empty();
    context.sink.message(Severity::info, fmt::format("class {}, {} particles: {}", k + 1, members.size(),
                                                     taken ? "its average over all poses is kept" : "stays as it was"));
    if (!taken) continue;
    out.effective_poses[k] = found.state.reports.back().effective_candidates;
    replace_class(state.assignments, k, members, found.state.assignments);
  }
  out.passes = log.passes();
  return out;
}

}  // namespace tessera
