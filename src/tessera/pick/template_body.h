// SPDX-License-Identifier: GPL-3.0-or-later
// The room that a structure takes, and how much of it two structures in their poses would share: two particles of one
// tomogram cannot be in the same place.
#pragma once

#include <cstdint>
#include <vector>

#include "tessera/base/vec3.h"
#include "tessera/so3/rotation.h"
#include "tessera/volume/volume.h"

namespace tessera {

// Immutable, thread-safe.
class TemplateBody {
 public:
  // map: a cube, bright is dense. The body is the smallest set of voxels within the sphere that holds nine tenths of
  // the positive density there. radius: voxels, of the sphere about voxel n/2. UserError: no density above 0.
  TemplateBody(const Volume<float>& map, double radius_voxels);

  double radius_voxels() const { return radius_; }  // of its farthest voxel's corner, at most that given
  int64_t voxels() const { return std::ssize(points_); }
  // Whether a point, voxels from the centre in the structure's own frame, lies in the voxel of a body.
  bool holds(Vec3 point) const;
  // How many of this body's voxels lie in the other's, both placed at centres and turned.
  int64_t shared(Vec3 centre, const Rotation& turned, const TemplateBody& other, Vec3 other_centre,
                 const Rotation& other_turned) const;

 private:
  double radius_ = 0;
  int64_t edge_ = 0;
  std::vector<uint8_t> inside_;  // cube of that edge, centre voxel edge/2
  std::vector<Vec3> points_;     // of the voxels inside, from the centre
};

// One placed structure that competes.
struct PlacedBody {
  Vec3 centre_voxels;
  Rotation turned;
  int32_t body = 0;  // index
};

// Greedy, from the first (best) down: drops those that share more than `share` of the smaller one's voxels with any
// taken before, or of their own voxels with all of them together. Returns the indices taken, ascending. Cost: for each,
// its voxels times the neighbours in reach.
std::vector<int64_t> take_apart(const std::vector<PlacedBody>& placed, const std::vector<TemplateBody>& bodies,
                                double share);

}  // namespace tessera
