// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/density.h"

#include <algorithm>
#include <cmath>

#include "tessera/simulate/density_kernels.h"

namespace tessera {
namespace {

struct Extent {
  Vec3 centre;             // of mass
  double mass = 0;         // of heavy atoms
  double radius_A = 0;     // of the farthest heavy atom
  double half_edge_A = 0;  // largest coordinate difference along an axis
  int64_t heavy = 0, hydrogens = 0;
};

bool is_heavy(const Atom& atom) {
  return atom.atomic_number != 1;
}

Extent extent_of(const AtomicModel& model) {
  Extent out;
  for (const Atom& atom : model.atoms) {
    if (!is_heavy(atom)) {
      ++out.hydrogens;
      continue;
    }
    if (!std::isfinite(atom.position_A.norm()))
      throw UserError(fmt::format("\"{}\" has an atom whose position is not a number", model.name));
    ++out.heavy;
    out.mass += atom.mass;
    out.centre += atom.position_A * atom.mass;
  }
  if (out.heavy == 0 || out.mass <= 0)
    throw UserError(
        fmt::format("\"{}\" has no atoms heavier than hydrogen, so no density can be made of it", model.name));
  out.centre = out.centre * (1 / out.mass);
  for (const Atom& atom : model.atoms) {
    if (!is_heavy(atom)) continue;
    const Vec3 d = atom.position_A - out.centre;
    out.radius_A = std::max(out.radius_A, d.norm());
    out.half_edge_A = std::max({out.half_edge_A, std::abs(d.x), std::abs(d.y), std::abs(d.z)});
  }
  return out;
}

void refuse_outside(const AtomicModel& model, const DensityOptions& options, const Extent& extent, int64_t outside) {
  const double diameter = 2 * extent.radius_A;
  // The diameter, so that it fits in any orientation, and a resolution of margin; an even number of voxels.
  const auto needed =
      2 * static_cast<int64_t>(std::ceil((diameter + 2 * options.resolution_A) / options.voxel_size_A / 2));
  throw UserError(fmt::format(
      "\"{}\" is larger than the box: {} of {} atoms lie outside {} voxels of {} Å ({:.0f} Å). Its diameter is {:.0f} "
      "Å: use "
      "--box {} or more at this voxel size, a larger --voxel-size, or --allow-outside to cut these atoms off",
      model.name, outside, extent.heavy, options.box, options.voxel_size_A, options.box * options.voxel_size_A,
      diameter, needed));
}

}  // namespace

void DensityOptions::add_faults(Faults& faults) const {
  if (box < 8 || box > 1024) faults.add(fmt::format("--box must be between 8 and 1024 voxels, {} was given", box));
  if (!(voxel_size_A > 0 && std::isfinite(voxel_size_A)))
    faults.add(fmt::format("--voxel-size must be positive, {} Å was given", voxel_size_A));
  if (!(resolution_A > 0 && std::isfinite(resolution_A)))
    faults.add(fmt::format("--resolution must be positive, {} Å was given", resolution_A));
  if (kernel != "potential" && kernel != "situs")
    faults.add(fmt::format("--kernel must be potential or situs; \"{}\" was given", kernel));
}

DensityResult density_of(const AtomicModel& model, const DensityOptions& options) {
  Faults faults;
  options.add_faults(faults);
  faults.raise<UserError>("the density cannot be computed");
  const Extent extent = extent_of(model);
  DensityResult out;
  out.mass_Da = extent.mass;
  out.diameter_A = 2 * extent.radius_A;
  out.atoms = extent.heavy;
  const bool potential = options.kernel == "potential";
  // A structure with hydrogens has about as many as heavy atoms; a few stray ones do not count.
  const bool own_hydrogens = extent.hydrogens > extent.heavy / 2;
  const Grid grid{Shape3::cube(options.box), options.voxel_size_A, extent.centre};
  std::vector<PlacedAtom> placed;
  placed.reserve(model.atoms.size());
  const double edge = options.box - 0.5;
  for (const Atom& atom : model.atoms) {
    if (!is_heavy(atom) && !(potential && own_hydrogens)) continue;
    const Vec3 p = grid.voxel(atom.position_A);
    if (p.x >= -0.5 && p.y >= -0.5 && p.z >= -0.5 && p.x < edge && p.y < edge && p.z < edge)
      placed.push_back({p, &atom});
    else if (is_heavy(atom))
      ++out.atoms_outside;
  }
  if (out.atoms_outside > 0) {
    if (!options.allow_outside) refuse_outside(model, options, extent, out.atoms_outside);
    out.notes.push_back(fmt::format("{} of {} atoms of \"{}\" (diameter {:.0f} Å) lie outside the box and were cut off",
                                    out.atoms_outside, extent.heavy, model.name, out.diameter_A));
  }
  out.map.voxel_size_A = options.voxel_size_A;
  out.map.voxels = potential ? potential_density(placed, grid, options.resolution_A, !own_hydrogens)
                             : situs_density(placed, grid, options.resolution_A, out.kernel_skipped);
  if (out.kernel_skipped)
    out.notes.push_back(fmt::format("the kernel of {} Å resolution is under one voxel at half height and was left out",
                                    options.resolution_A));
  return out;
}

}  // namespace tessera
