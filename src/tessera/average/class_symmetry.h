// SPDX-License-Identifier: GPL-3.0-or-later
// The point groups of the classes: what they do to poses, sums and maps.
#pragma once

#include <string>
#include <vector>

#include "tessera/align/symmetry.h"
#include "tessera/average/maximisation.h"
#include "tessera/average/options.h"
#include "tessera/average/state.h"

namespace tessera {

// A group for each class, in the standard axes of so3/point_group.h; C1 is none.
class ClassSymmetry {
 public:
  // One name serves all classes; none: C1. UserError on an unknown group or another number of names.
  ClassSymmetry(const std::vector<std::string>& names, int classes);

  bool any() const;
  bool differ() const;  // not the same group for all
  bool has(int k) const { return groups_[k].size() > 1; }
  const std::string& name(int k) const { return names_[k]; }
  const std::vector<Rotation>& group(int k) const { return groups_[k]; }

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<Rotation>> groups_;
};

// Sums that hold the group's mean in every fold. Each fold keeps its own particles: half-sets stay independent.
void symmetrise(FoldSums& sums, const std::vector<Rotation>& group, ExecContext& context);

// How symmetric the average is about the standard axes, turned and moved into them first if that is given. `sums`: not
// symmetrised; shells to the crossing of their FSC.
SymmetryStatus judge_symmetry(const FoldSums& sums, const Resolution& resolution, const Volume<float>& mask,
                              const std::vector<Rotation>& group, const Pose* standard_from_map = nullptr);

// The axes of a group in an average that lies anyhow. Each shell counts by its share of signal, 2 FSC/(1 + FSC).
SymmetryFit find_axes(const FoldSums& sums, const Resolution& resolution, const Volume<float>& mask,
                      const std::string& group, ExecContext& context);

// Poses of the same particles for the map of class k turned and moved by new_from_old: x_new = R x_old + t. Shifts
// longer than max_shift are cut to it.
void turn_reference(std::vector<Assignment>& assignments, int class_index, const Pose& new_from_old, double max_shift);

// What of a vector every element of the group leaves in place.
Vec3 invariant_part(Vec3 v, const std::vector<Rotation>& group);

// Agreement below which an average is said not to have the symmetry: docs/accuracy.md.
inline constexpr double least_symmetry_agreement = 0.6;

}  // namespace tessera
