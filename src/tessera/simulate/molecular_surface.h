// SPDX-License-Identifier: GPL-3.0-or-later
// The surface of a molecule: where it ends, for packing and for masks.
#pragma once

#include <cstdint>

#include "tessera/base/errors.h"
#include "tessera/base/option.h"
#include "tessera/io/atoms.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct SurfaceOptions {
  double resolution_A = 20;            // of the mass density (kernel situs, σ = R/(2√3) per axis) that is contoured
  double volume_per_dalton_A3 = 1.21;  // 0.73 cm³/g, the partial specific volume of protein
  void add_faults(Faults& faults) const;
};

// The isosurface of the molecule's mass density at `resolution_A` that encloses volume_per_dalton_A3 × molecular mass.
// One rule for every species and every use: packing, occupancy, overlap checks, labels. The mass counts hydrogens: the
// model's own, or the mean number on C, N and O where it has none (density_kernels.h). Inside means that the density,
// interpolated trilinearly between samples resolution/8 apart (wider where the molecule would span more than 192
// samples), is at least the contour level. Channels and cavities wider than the resolution are outside.
class MolecularSurface {
 public:
  // UserError: a model without heavy atoms, options out of range. Cost about 0.3 s for a ribosome at 20 Å.
  MolecularSurface(const AtomicModel& model, const SurfaceOptions& options);

  // Whether a point is inside; `offset_A` from the structure's centre (of mass, as density_of has it), in its own
  // frame.
  bool contains(Vec3 offset_A) const {
    const double x = offset_A.x * per_A_ + half_, y = offset_A.y * per_A_ + half_, z = offset_A.z * per_A_ + half_;
    if (!(x >= 0 && y >= 0 && z >= 0 && x < last_ && y < last_ && z < last_)) return false;
    const auto i = static_cast<int64_t>(x), j = static_cast<int64_t>(y), k = static_cast<int64_t>(z);
    const uint8_t kind = cells_(k, j, i);
    return kind == all_inside || (kind == crossed && interpolated(x, y, z) >= level_);
  }

  double mass_Da() const { return mass_Da_; }        // with hydrogens
  double volume_A3() const { return volume_A3_; }    // enclosed, counted on the samples
  double radius_A() const { return radius_A_; }      // no point inside is farther from the centre
  double gyration_A() const { return gyration_A_; }  // root mean square distance from the centre, of the points inside
  bool has_cavity() const { return has_cavity_; }    // an empty space inside that no path leads out of
  double level() const { return level_; }            // Da/Å³ of the heavy atoms

 private:
  enum : uint8_t { all_outside, crossed, all_inside };
  double interpolated(double x, double y, double z) const;
  void classify_cells();
  void look_for_cavity();

  Volume<float> density_;
  Volume<uint8_t> cells_;  // of the eight samples from (k, j, i) upwards
  double per_A_ = 1, half_ = 0, last_ = 0, level_ = 0, mass_Da_ = 0, volume_A3_ = 0, radius_A_ = 0, gyration_A_ = 0;
  bool has_cavity_ = false;
};

// Mass in Da with hydrogens, by the rule above.
double molecular_mass_Da(const AtomicModel& model);

}  // namespace tessera
