// SPDX-License-Identifier: GPL-3.0-or-later
// The iterations that a start is given before it is judged.
#pragma once

#include "tessera/average/class_symmetry.h"
#include "tessera/average/reference_set.h"

namespace tessera {

// What a run is given to start with; all kept by the caller.
struct StartInputs {
  ParticleStack& stack;
  const AverageOptions& options;
  const std::vector<int>& fold_of;
  int folds = 1;
  double outer_radius = 0;  // of the first mask, voxels
  StartLog& log;
};

// Steps of EM at the initial band limit; the noise is kept, so that starts can be compared. Refers to its arguments.
class Starter {
 public:
  Starter(const StartInputs& inputs, ReferenceSet& references, ExecContext& context);

  // Poses and classes against the references as they are. subset: of the particles; empty: all.
  void align(AverageState& state, const std::vector<int64_t>& subset, const std::string& title, bool hard = false);
  // References made from the state's poses.
  void refer(const AverageState& state);
  // From references that hold one map for each class: alignment, then options.start_iterations; if symmetries are to be
  // found in every start, the axes are looked for and as many iterations follow.
  void iterate(const std::vector<Volume<float>>& maps, AverageState& state, const std::vector<int64_t>& subset,
               const std::string& title);

 private:
  void iterate(AverageState& state, const std::vector<int64_t>& subset, const std::string& title);
  void make_symmetric(AverageState& state);
  std::vector<FoldSums> sums_of(const AverageState& state) const;
  Resolution measured(const FoldSums& sums, const AverageState& state) const;

  ParticleStack& stack_;
  const AverageOptions& options_;
  const std::vector<int>& fold_of_;
  int folds_;
  ReferenceSet& references_;
  StartLog& log_;
  ExecContext& context_;
  ClassSymmetry symmetry_;
};

}  // namespace tessera
