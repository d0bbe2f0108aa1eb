// SPDX-License-Identifier: GPL-3.0-or-later
// From a particle list on disk to particles ready for averaging, and back.
#pragma once

#include <mutex>

#include "tessera/average/maximisation.h"
#include "tessera/base/errors.h"
#include "tessera/io/particles.h"

namespace tessera {

class RunRecord;

// A checked list: every file is there, all boxes and voxel sizes are the same, all weights fit.
class ParticleFiles {
 public:
  // IoError with all faults at once. Cost: the headers of all files and the voxels of the distinct weights.
  ParticleFiles(const std::filesystem::path& star, ExecContext& context);

  const ParticleSet& set() const { return set_; }
  int64_t box() const { return box_; }
  double voxel_size_A() const { return voxel_size_A_; }
  int64_t weight_count() const { return static_cast<int64_t>(weights_.size()); }

  // Reads all subtomograms. IoError listing every one that cannot be read or holds NaN or infinite voxels.
  ParticleStack load(double mask_radius_voxels, ExecContext& context) const;

  // The poses of `star` (truth, or an earlier run) for these particles, matched by image file, in voxels, and their
  // classes (all in the first when there is but one). IoError naming the particles that it does not have, or that are
  // in a class beyond `classes`.
  std::vector<WeightedPose> poses_from(const std::filesystem::path& star, int classes) const;

  void record_inputs(RunRecord& record) const;

 private:
  void read_weights();

  std::filesystem::path star_;
  ParticleSet set_;
  int64_t box_ = 0;
  double voxel_size_A_ = 1;
  std::vector<FourierWeight> weights_;
  std::vector<int> group_;
};

// The map at `path`; IoError unless it has this box and voxel size (1 % tolerance; a file without a size passes).
Volume<float> read_reference(const std::filesystem::path& path, int64_t box, double voxel_size_A);

}  // namespace tessera
