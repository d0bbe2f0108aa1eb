// SPDX-License-Identifier: GPL-3.0-or-later
// How full, how overlapping, how tight: measured on balls, and on voxels.
#pragma once

#include <array>
#include <vector>

#include "tessera/parallel/threads.h"
#include "tessera/simulate/balls.h"

namespace tessera {

struct OccupancyStatistics {
  double voxel_A = 0;            // that it was counted with
  double box_occupancy = 0;      // share of the box covered by balls
  double ball_volume_A3 = 0;     // Σ over bodies of the volume their own balls cover together
  double overlap = 0;            // share of that sum that lies in another body too: 1 − covered/sum
  double cluster_radius_A = 0;   // √(5/3) times the radius of gyration of the balls: of a full sphere, its radius
  double cluster_occupancy = 0;  // true volume (isosurfaces) of all bodies over the volume of that sphere
  double cluster_ball_occupancy = 0;  // share of that sphere, about the balls' centroid, covered by balls
};

struct GapStatistics {  // of bodies: the least gap between a ball of it and one of another; negative where they overlap
  double least_A = 0, tenth_A = 0, median_A = 0, ninetieth_A = 0;  // over bodies
  double overlapping = 0;                                          // share of bodies with a negative gap
  double deepest_ratio = 1;  // least centre distance of two balls of different bodies over the sum of their radii
};

// Balls about the centre of the box; body_of_ball numbers bodies from 0; volume_A3 is the true volume of each body.
struct PackedBalls {
  std::vector<Ball> balls;
  std::vector<int32_t> body_of_ball;
  std::vector<double> volume_A3;
};

// Voxels of `voxel_A`, or as coarse as 4·10⁷ of them allow. Oracle: closed forms for few balls.
OccupancyStatistics occupancy_of(const PackedBalls& packed, std::array<double, 3> box_A, double voxel_A);

// Of one body alone, all gaps are infinite. Gaps are searched to 4 times the largest radius; bodies without neighbours
// so near count with that.
GapStatistics gaps_of(const PackedBalls& packed);

}  // namespace tessera
