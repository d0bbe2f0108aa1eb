// SPDX-License-Identifier: GPL-3.0-or-later
// A structure as it would show in a filtered tomogram, in any orientation.
#pragma once

#include <functional>
#include <vector>

#include "tessera/align/padded_spectrum.h"
#include "tessera/so3/rotation.h"
#include "tessera/volume/volume.h"

namespace tessera {

// The radius in voxels, about the centre voxel, of what exceeds a tenth of the map's largest value.
double structure_radius(const Volume<float>& map);

// The mean over all directions about the centre voxel.
Volume<float> radial_mean(const Volume<float>& map);

// Immutable, thread-safe.
class SearchTemplate {
 public:
  // structure: a cube on the voxels of the search, protein bright, at least 2 (radius + 2) wide. radius: of the soft
  // sphere M about its centre voxel, 1 within and falling to 0 over the next two voxels, in which it is compared.
  // filter(k), k in cycles per voxel: what the structure's spectrum is multiplied with. UserError
  // where nothing is left.
  SearchTemplate(const Volume<float>& structure, double radius, const std::function<double(Vec3)>& filter);

  int64_t box() const { return box_; }  // even; what turn() fills
  double radius() const { return radius_; }
  const Volume<float>& mask() const { return mask_; }
  double mask_sum() const { return mask_sum_; }

  // s = M (t − t̄) / √(Σ M (t − t̄)²), t̄ = Σ M t / Σ M, t the filtered structure turned by the rotation about voxel
  // box/2: Σ s = 0, and by Cauchy and Schwarz |Σ s f| ≤ √(Σ M f² − (Σ M f)²/Σ M) for any f, with equality for f = a t +
  // b. Cost: one trilinear sample a component and one transform of about (3 radius)³.
  Volume<float> turn(const Rotation& structure_to_tomogram) const;

 private:
  struct Component {
    float x, y, z, filter;
    int64_t index;
  };
  int64_t padded_ = 0, box_ = 0;
  double radius_ = 0, mask_sum_ = 0;
  PaddedSpectrum spectrum_;
  std::vector<Component> components_;
  Volume<float> mask_;
};

}  // namespace tessera
