// SPDX-License-Identifier: GPL-3.0-or-later
// Where bodies begin: at random, turned at random, apart from one another ([P] 3.1).
#pragma once

#include "tessera/simulate/ball_bodies.h"
#include "tessera/so3/rotation.h"

namespace tessera {

struct PackingStart {
  Vec3 half_widths_A;               // of the region that holds every ball
  std::vector<BallBody> bodies;     // as given, in the order of the request
  std::vector<int32_t> first_ball;  // of each body; one more entry at the end
  std::vector<Rotation> turn;       // of each body from its own frame
  BallSystem system;                // balls about the centre of the region
};

// Bodies are set from the largest to the smallest, each at the first random pose whose balls keep `gap_A` from those of
// the others. The region is the box where that has room; else its edges (of a slab: z alone) grow by 10 % until all
// are in. The same for any machine: body b draws from Random(seed, "packing start", b). NumericalError where bodies do
// not fit a region 30 times as wide.
PackingStart scatter_bodies(std::vector<BallBody> bodies, std::array<double, 3> box_A, bool slab, double gap_A,
                            uint64_t seed);

}  // namespace tessera
