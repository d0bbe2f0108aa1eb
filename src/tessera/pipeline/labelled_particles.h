// SPDX-License-Identifier: GPL-3.0-or-later
// Particle lists as networks take them: boxes of one size, classes from rlnClassNumber.
#pragma once

#include "tessera/io/particles.h"
#include "tessera/nn/examples.h"
#include "tessera/nn/model.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

class RunRecord;

// A checked list: every header read, one box, one voxel size.
struct BoxedParticles {
  ParticleSet set;
  int box = 0;
  double voxel_size_A = 0;
  std::filesystem::path star;

  std::vector<std::filesystem::path> files(const std::vector<int64_t>& items) const;
  std::vector<int64_t> all() const;  // 0 … size − 1
  // Turns that every weight of the list allows (nn/examples.h).
  std::vector<HalfTurn> allowed_turns() const;
  void record_inputs(RunRecord& record) const;
};
// IoError with all faults at once; UserError for a list without particles.
BoxedParticles read_boxed_particles(const std::filesystem::path& star);

struct LabelledParticles : BoxedParticles {
  std::vector<ModelClass> classes;  // ascending numbers
  std::vector<int> labels;          // of each particle, an index into classes
};
// The classes of a list. names: of class 1, 2, …; without them those that run.json of `simulate particles` beside the
// list tells, else "class N". UserError: fewer than two classes; a class between the first and the last (or named)
// without a particle, unless allow_empty. IoError: particles without a class, named.
LabelledParticles read_labelled_particles(const std::filesystem::path& star, const std::vector<std::string>& names,
                                          bool allow_empty);

// "ribosome70s" of "/data/ribosome70s.pdb.gz", "ribosome" of "builtin:ribosome".
std::string structure_name(const std::string& structure);

// Items of every class divided by chance into three, each class in the same proportions.
struct Split {
  std::vector<int64_t> training, validation, test;  // ascending
};
// A class with at least two items for validation or test shares keeps at least one for training.
Split split_by_class(const std::vector<int>& labels, double validation, double test, uint64_t seed);

}  // namespace tessera
