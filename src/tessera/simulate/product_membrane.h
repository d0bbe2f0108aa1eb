// SPDX-License-Identifier: GPL-3.0-or-later
// Membranes of the product mode: bilayers that undulate as thermal membranes do, as triangles and as voxels.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "tessera/base/random.h"
#include "tessera/simulate/packing_window.h"
#include "tessera/simulate/scene.h"

namespace tessera {

struct MembraneShape {
  double bending_modulus_kT = 20;  // of a phospholipid bilayer; undulations grow as it falls
  double mesh_A = 40;              // aimed edge of a triangle
};

// A flat rectangle in the x, y plane about the origin, normal +z, displaced along z by thermal undulations: modes of
// wave vector q = 2π(m/u, n/v), |m|, |n| ≤ 4, each of mean square amplitude kT/(κ A q⁴) (Helfrich 1978, no tension).
SceneMembrane undulating_sheet(std::array<double, 2> edges_A, double thickness_A, const MembraneShape& shape,
                               Random& random);

// A closed vesicle about the origin: r = R (1 + Σ a_lm Y_lm), l = 2 … 6, ⟨a_lm²⟩ = kT / (κ (l−1) l (l+1) (l+2))
// (Milner & Safran 1987, no tension, no spontaneous curvature), on a geodesic sphere.
SceneMembrane undulating_vesicle(double radius_A, double thickness_A, const MembraneShape& shape, Random& random);

// Turned about the origin, then moved.
void place_membrane(SceneMembrane& membrane, const Rotation& rotation, Vec3 shift_A);

// Calls visit(index into a volume of `shape`) for voxels no farther than thickness/2 + margin_A from a triangle; a
// voxel may be visited more than once. False, at once, when such a voxel lies outside the lattice.
// Cost about 20 ns per voxel of the triangles' bounding boxes.
bool visit_membrane_voxels(const SceneMembrane& membrane, Shape3 shape, double voxel_size_A, double margin_A,
                           const std::function<void(int64_t)>& visit);

// Points uniform by area on the mid-surface, with the outward normal there.
class MembraneSampler {
 public:
  explicit MembraneSampler(const SceneMembrane& membrane);
  struct Point {
    Vec3 position_A, normal;
  };
  Point draw(Random& random) const;
  double area_A2() const { return cumulative_.empty() ? 0 : cumulative_.back(); }

 private:
  const SceneMembrane& membrane_;
  std::vector<double> cumulative_;  // area up to and with each triangle
};

}  // namespace tessera
