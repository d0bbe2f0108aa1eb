// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/align_to_map.h"

#include "tessera/average/reference_set.h"
#include "tessera/base/errors.h"
#include "tessera/volume/masks.h"

namespace tessera {

std::vector<Assignment> align_to_map(ParticleStack& stack, const Volume<float>& map, const AverageOptions& options,
                                     ExecContext& context, const Volume<float>& mask) {
  if (!(statistics(map).variance > 0)) throw UserError("the reference is constant: nothing can be aligned to it");
  AverageState state;
  state.noise_variance = stack.observed_variance();
  state.band_limit = highest_shell(stack, options);
  state.classes.emplace_back().mask_radius = options.mask_diameter_A
                                                 ? *options.mask_diameter_A / 2 / stack.voxel_size_A()
                                                 : particle_radius(map, map, stack.mask_radius());
  const ClassSymmetry symmetry(options.symmetry, 1);
  if (symmetry.has(0)) state.classes[0].symmetry = SymmetryStatus{.imposed = true};
  ReferenceSet references(stack, options, mask.empty() ? nullptr : &mask);
  references.build(std::vector{symmetrised(map, symmetry.group(0))}, state, 1, context);
  const std::vector<int> fold_of(stack.count(), 0);
  auto assignments = expectation({.stack = stack,
                                  .aligners = references.aligners(),
                                  .class_prior = {1.0},
                                  .fold_of = fold_of,
                                  .previous = {},
                                  .posterior = {.hard = true, .floor = options.posterior_floor}},
                                 context, "aligning particles");
  for (Assignment& assignment : assignments)
    assignment.log_likelihood = 0.5 * assignment.correlation * assignment.correlation;
  return assignments;
}

}  // namespace tessera
