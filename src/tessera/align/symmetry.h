// SPDX-License-Identifier: GPL-3.0-or-later
// How symmetric a map is under a point group, and where the axes of the group lie in it.
#pragma once

#include <string>
#include <vector>

#include "tessera/align/pose_score.h"
#include "tessera/parallel/exec_context.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct SymmetryFit {
  double correlation = 0;  // mean of the correlations of the map with its turned copies, over all but the identity
  // The map turned by this, about its centre voxel, then moved, lies in the group's standard axes (so3/point_group.h),
  // which cross at the centre voxel. Of all that do, the turn is the smallest; along the axis of Cn nothing moves.
  Pose standard_from_map;
  // In the map as it is: the direction that standard z has there, and where the axes cross (voxels from the centre).
  Vec3 axis, centre_voxels;
};

struct SymmetrySearch {
  int64_t max_shell = 0;  // 0: two short of Nyquist
  // Variance of a component, per shell: shells count by 1/variance. Empty: all alike, as in a correlation of maps.
  std::vector<double> variance;
};

// The axes of `group` (two elements at least) in a map ([F] 3.2.3 scores a cyclic one about known axes). First the
// map's correlation with itself over all rotations, one SO(3) correlation at low resolution about the centre voxel and
// about the centre of mass of the densest parts; every frame of a grid is rated by its mean over the group's elements.
// Then the best frames, and with them the centre, are refined by a pattern search, at low resolution and to max_shell.
// The same bits for any number of threads. Cost: about a second at 64³. UserError when the group is unknown or C1.
SymmetryFit find_symmetry(const Volume<float>& map, const std::string& group, const SymmetrySearch& search,
                          ExecContext& context);

// The same score in the standard axes about the centre voxel, nothing searched.
double symmetry_score(const Volume<float>& map, const std::vector<Rotation>& group, const SymmetrySearch& search = {});

// How well one half map agrees with the other's turned copies, relative to how well the halves agree unturned, on
// shells first … last, all components alike: 1 for a map with the symmetry and 0 for one without any likeness, whatever
// the noise, which the halves do not share. Standard axes. 0 where the halves do not agree at all.
double symmetry_agreement(const Volume<float>& half1, const Volume<float>& half2, const std::vector<Rotation>& group,
                          int64_t first, int64_t last);

// The mean of a map's copies, turned about the centre voxel by every element of the group.
Volume<float> symmetrised(const Volume<float>& map, const std::vector<Rotation>& group);

// The angle between two rotations that carry a reference of this symmetry to a particle: the least over the group,
// whose elements change nothing of how the particle looks.
double angle_between_modulo(const Rotation& a, const Rotation& b, const std::vector<Rotation>& group);

}  // namespace tessera
