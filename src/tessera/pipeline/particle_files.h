// SPDX-License-Identifier: GPL-3.0-or-later
// From a particle list on disk to particles ready for averaging, and back.
#pragma once

#include <optional>

#include "tessera/average/maximisation.h"
#include "tessera/average/options.h"
#include "tessera/base/errors.h"
#include "tessera/base/option.h"
#include "tessera/io/particles.h"

namespace tessera {

class RunRecord;

// How the particles of a list are read; for all verbs that do.
struct ParticleOptions {
  bool skip_bad = false;
  std::optional<double> memory_GB;  // none: three quarters of what is available

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(
        Option{"skip-bad", "",
               "Leave out particles that cannot be read, are constant or hold NaN, naming them; otherwise they are an "
               "error",
               "Particles"},
        skip_bad);
    visit(Option{"memory", "GB",
                 "Memory the run may take; particles that do not fit are read again in every iteration. Three quarters "
                 "of what is available if not given",
                 "Particles"},
          memory_GB);
  }
};
// require_readable for a particle list; of a folder, and of a list of another program, the fault says how it becomes
// one.
void require_particle_list(Faults& faults, const std::filesystem::path& file);
void check_particle_options(Faults& faults, const ParticleOptions& options);

// A checked list: every file is there, all boxes and voxel sizes are the same, all weights fit.
class ParticleFiles {
 public:
  // IoError with all faults at once; with options.skip_bad, particles with a fault of their own are left out instead.
  // Cost: the headers of all files and the voxels of the distinct weights.
  ParticleFiles(const std::filesystem::path& star, const ParticleOptions& options, ExecContext& context);

  const ParticleSet& set() const { return set_; }
  int64_t box() const { return box_; }
  double voxel_size_A() const { return voxel_size_A_; }
  int64_t weight_count() const { return static_cast<int64_t>(weights_.size()); }

  // Reads all subtomograms, keeps in memory what the options allow beside everything else that averaging with `average`
  // needs, and tells how much that is. IoError or UserError listing every unfit one, or leaves them out of set() with
  // skip_bad; UserError when the memory does not even do without any particle in it.
  ParticleStack load(const AverageOptions& average, ExecContext& context);
  // Images left out so far, as they stand in the list.
  const std::vector<std::string>& skipped() const { return skipped_; }

  // The poses of `star` (truth, or an earlier run) for these particles, matched by image file, in voxels, and their
  // classes (all in the first when there is but one). IoError naming the particles that it does not have, or that are
  // in a class beyond `classes`.
  std::vector<WeightedPose> poses_from(const std::filesystem::path& star, int classes) const;

  // The poses of the list itself, in voxels. IoError when it holds none: every particle at the identity.
  std::vector<WeightedPose> own_poses() const;

  void record_inputs(RunRecord& record) const;

 private:
  void drop_bad_files(ExecContext& context);
  void read_weights();
  double memory_for_particles(const AverageOptions& average, ExecContext& context) const;
  void drop(const std::vector<char>& bad);

  std::filesystem::path star_;
  ParticleOptions options_;
  ParticleSet set_;
  int64_t box_ = 0;
  double voxel_size_A_ = 1;
  std::vector<FourierWeight> weights_;
  std::vector<int> group_;
  std::vector<std::string> skipped_;
};

// The map at `path`; IoError unless it has this box and voxel size (1 % tolerance; a file without a size passes). With
// `rescale` a map of another box or voxel size, which it must state, is brought to these (volume/rescale.h).
Volume<float> read_reference(const std::filesystem::path& path, int64_t box, double voxel_size_A, bool rescale);

}  // namespace tessera
