// SPDX-License-Identifier: GPL-3.0-or-later
// The references of one iteration, one for each class and fold, ready to be searched.
#pragma once

#include <memory>

#include "tessera/average/class_symmetry.h"
#include "tessera/average/common_mean.h"
#include "tessera/average/options.h"
#include "tessera/average/state.h"

namespace tessera {

// Keeps the search grids from one iteration to the next, and resamples the particles only when they change or another
// set has sampled them.
class ReferenceSet {
 public:
  // mask: of all references, kept by the caller; null: a soft sphere of each class's radius.
  ReferenceSet(ParticleStack& stack, const AverageOptions& options, const Volume<float>* mask = nullptr);

  // The same particles and mask; options: kept by the caller.
  ReferenceSet with_options(const AverageOptions& options) const { return {stack_, options, mask_}; }

  // leave_out: fold f is served by the average without fold f; otherwise all by the whole average. mean: what the
  // classes are pulled to; null: each is estimated alone.
  void build(const std::vector<FoldSums>& sums, const std::vector<Resolution>& resolution, const AverageState& state,
             bool leave_out, ExecContext& context, const CommonMean* mean = nullptr);
  // One map for each class, the same for all folds.
  void build(const std::vector<Volume<float>>& maps, const AverageState& state, int folds, ExecContext& context);
  // Frees them; they must be built anew before they are used.
  void clear();
  // What the references of a class are masked by.
  Volume<float> mask(const AverageState& state, int class_index) const;
  const ClassAligners& aligners() const { return serving_; }
  const RotationSearch& search() const { return *search_; }  // of the references built last
  // The spectra of the references as they were made, masks included: of each class one for all folds or one for each.
  std::vector<std::vector<HalfSpectrum>> models() const;

 private:
  void prepare_search(const AverageState& state, ExecContext& context);
  const Aligner* add(Volume<float> reference, int class_index, const AverageState& state);
  // One map for each class, still to be masked, to serve folds [first_fold, last_fold).
  void add_classes(std::vector<Volume<float>> maps, int first_fold, int last_fold, const AverageState& state);

  ParticleStack& stack_;
  const AverageOptions& options_;
  const Volume<float>* mask_;
  ClassSymmetry symmetry_;
  SearchGrid grid_;
  std::shared_ptr<const RotationSearch> search_;
  std::vector<Volume<float>> maps_;  // as given to the aligners, class by class
  std::vector<int> class_of_;        // of each map
  std::vector<std::unique_ptr<PaddedSpectrum>> spectra_;
  std::vector<std::unique_ptr<Aligner>> made_;
  ClassAligners serving_;
};

// Shells used in the first iterations, and the most ever used: both the last below Nyquist with --band nyquist.
int64_t first_shell(const ParticleStack& stack, const AverageOptions& options);
int64_t highest_shell(const ParticleStack& stack, const AverageOptions& options);
// Shells up to which both half-sets serve one reference. Sharing more makes the half-sets agree in noise, so that the
// Wiener filter lets it pass: measured, averages of weak particles drift away from the truth.
int64_t join_shell(const ParticleStack& stack, const AverageOptions& options);
// Shells worth summing in the M-step after an iteration at `band_limit`: as far as the next band limit can reach and
// the FSC beyond it matters.
int64_t shells_to_sum(const ParticleStack& stack, int64_t band_limit);

}  // namespace tessera
