// SPDX-License-Identifier: GPL-3.0-or-later
// Filaments of the product mode: worm-like chains that avoid what is in their way, and repeats of a structure on them.
#pragma once

#include <functional>
#include <vector>

#include "tessera/base/random.h"
#include "tessera/so3/rotation.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct FilamentShape {
  double length_A = 0;
  double radius_A = 0;              // of the tube that must be free
  double persistence_length_A = 0;  // ⟨cos of the angle between tangents⟩ = exp(−arc/persistence)
  double step_A = 20;               // between nodes
};

// Grows a chain of nodes `step_A` apart (its last one shorter) by tangents that diffuse: each component across bends by
// a normal angle of variance step/persistence. Every node keeps a ball of `radius_A` free of occupied voxels, inside
// the lattice, and off the chain's own earlier parts. A dead end is undone some nodes back and tried again; after many,
// a new start. Empty when no chain was found. `bend` of an avoiding chain is that of the chains that happen to fit.
std::vector<Vec3> grow_filament(const Volume<uint8_t>& occupancy, double voxel_size_A, const FilamentShape& shape,
                                Random& random);

// How a filament repeats its structure: repeat i of strand j lies rise·i + strand_rise·j along the axis, turned about
// it by twist·i + strand_twist·j (right-handed). Actin: one strand, 27.6 Å, −166.6°.
struct FilamentRepeat {
  double rise_A = 0, twist_deg = 0;
  int64_t strands = 1;
  double strand_rise_A = 0, strand_twist_deg = 0;
  Vec3 from_axis_A;  // of the structure's centre, from the helix axis, across it (z = 0)
};

struct RepeatPose {
  Vec3 position_A;
  Rotation scene_from_ref;
};

// The repeats whose place on the axis lies within [margin_A, length − margin_A] of the chain. The frame is carried
// along without turning about the tangent (parallel transport), from an orientation about the axis of `phase` radians.
std::vector<RepeatPose> repeats_along(const std::vector<Vec3>& nodes_A, const FilamentRepeat& repeat, double margin_A,
                                      double phase);

// Calls visit(index) for the voxels no farther than radius_A from the chain; voxels outside are left out.
void visit_tube_voxels(const std::vector<Vec3>& nodes_A, double radius_A, Shape3 shape, double voxel_size_A,
                       const std::function<void(int64_t)>& visit);

}  // namespace tessera
