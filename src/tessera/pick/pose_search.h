// SPDX-License-Identifier: GPL-3.0-or-later
// The pose of a structure near a place of a tomogram, at the full band: what a scan on coarse voxels and rotations
// starts from is refined, and scored in units of the noise.
#pragma once

#include <memory>

#include "tessera/align/aligner.h"
#include "tessera/pick/noise_spectrum.h"
#include "tessera/pick/tomogram_transfer.h"
#include "tessera/volume/tomogram.h"

namespace tessera {

struct PoseSearchOptions {
  double resolution_A = 0;  // band limit; at least two voxels
  double max_shift_A = 0;   // furthest the structure may lie from the place given
  std::string symmetry = "C1";
};

struct FoundPose {
  Vec3 centre;  // voxels of the tomogram
  Rotation particle_from_ref;
  double score = 0;  // [F] Eq. 1 over the noise: normal with deviation 1 where there is noise alone, at any one pose
  double scale = 0;  // of the structure's values in the tomogram, by least squares
};

// One structure, prepared for many places. Immutable, thread-safe.
//
// A box about the place, less the mean within a soft sphere of the structure's radius and multiplied by the sphere, is
// X. Every component of X and of the transfer H is divided by the square root of the noise it holds, which is that of
// the tomogram's own spectrum under the sphere (pick/windowed_noise.h). Poses: rotations and shifts of `align`
// (align/aligner.h) with that H as weight, climbed from the best of the search and from the pose given.
class PoseSearch {
 public:
  // map: a cube of any size at the tomogram's voxel size, protein bright. variance: of the tomogram's voxels.
  PoseSearch(const Volume<float>& map, double radius_voxels, double voxel_size_A, const TomogramTransfer& transfer,
             const NoiseSpectrum& noise, double variance, const PoseSearchOptions& options);
  ~PoseSearch();
  PoseSearch(PoseSearch&&) noexcept;

  int64_t box() const;
  // start: where the scan found it. Cost: about 10 ms at a box of 40³.
  FoundPose find(const Tomogram& tomogram, Vec3 centre, const Rotation& start, Aligner::Workspace& work) const;

 private:
  struct Grids;
  std::unique_ptr<const Grids> grids_;
};

}  // namespace tessera
