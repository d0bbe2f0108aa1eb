// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/reference_set.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"

namespace tessera {

int64_t highest_shell(const ParticleStack& stack, const AverageOptions& options) {
  const int64_t top = options.model.band == "nyquist" ? (stack.box() - 1) / 2 : stack.box() / 2 - 2;
  if (!options.limit_resolution_A) return top;
  const double shell = static_cast<double>(stack.box()) * stack.voxel_size_A() / *options.limit_resolution_A;
  return std::clamp<int64_t>(std::lround(shell), 3, top);
}

int64_t first_shell(const ParticleStack& stack, const AverageOptions& options) {
  if (options.model.band == "nyquist") return highest_shell(stack, options);
  const double extent = static_cast<double>(stack.box()) * stack.voxel_size_A();
  double shell = 8;  // an eighth of the box's edge: features of a quarter of a particle that fills half the box
  if (options.initial_resolution_A) {
    shell = extent / *options.initial_resolution_A;
  } else if (options.mask_diameter_A) {
    shell = 3 * extent / *options.mask_diameter_A;
  }
  return std::clamp<int64_t>(std::lround(shell), 4, highest_shell(stack, options));
}

int64_t join_shell(const ParticleStack& stack, const AverageOptions& options) {
  if (!options.join_resolution_A) return std::max<int64_t>(2, first_shell(stack, options) / 2);
  const double shell = static_cast<double>(stack.box()) * stack.voxel_size_A() / *options.join_resolution_A;
  return std::clamp<int64_t>(std::lround(shell), 0, highest_shell(stack, options));
}

int64_t shells_to_sum(const ParticleStack& stack, int64_t band_limit) {
  return std::min(stack.box() / 2, band_limit + 6);
}

ReferenceSet::ReferenceSet(ParticleStack& stack, const AverageOptions& options, const Volume<float>* mask)
    : stack_(stack), options_(options), mask_(mask), symmetry_(options.symmetry, options.classes) {}

void ReferenceSet::prepare_search(const AverageState& state, ExecContext& context) {
  const SearchGrid grid = search_grid(stack_.box(), state.band_limit, state.largest_mask_radius(), options_.align);
  if (!search_ || grid != grid_) {
    grid_ = grid;
    search_ = std::make_shared<const RotationSearch>(make_search(stack_.box(), grid, options_.align));
  }
  if (!options_.fixed_poses && stack_.sampled_for() != search_.get()) stack_.sample_for(search_, context);
}

Volume<float> ReferenceSet::mask(const AverageState& state, int class_index) const {
  return mask_ ? *mask_ : soft_sphere(Shape3::cube(stack_.box()), state.classes[class_index].mask_radius, 3);
}

const Aligner* ReferenceSet::add(Volume<float> reference, int class_index, const AverageState& state) {
  spectra_.push_back(std::make_unique<PaddedSpectrum>(reference, state.band_limit + 1));
  if (options_.model.imputation) {
    maps_.push_back(std::move(reference));
    class_of_.push_back(class_index);
  }
  const bool symmetric = state.classes[class_index].symmetric();
  made_.push_back(std::make_unique<Aligner>(*search_, *spectra_.back(), stack_.weights(), state.band_limit,
                                            state.noise_variance, options_.align,
                                            symmetric ? symmetry_.group(class_index) : std::vector<Rotation>{}));
  return made_.back().get();
}

void ReferenceSet::add_classes(std::vector<Volume<float>> maps, int first_fold, int last_fold,
                               const AverageState& state) {
  if (options_.model.mask_references) {
    // At known poses what lies outside a given mask is the same for all classes, and known as well.
    Volume<float> outside;
    if (mask_ && options_.fixed_poses) {
      outside = soft_sphere(maps[0].shape(), stack_.mask_radius(), 3);
      for (int64_t i = 0; i < outside.size(); ++i) {
        double mean = 0;
        for (size_t k = 0; k < maps.size(); ++k) mean += state.classes[k].prior * maps[k][i];
        outside[i] *= (1 - (*mask_)[i]) * static_cast<float>(mean);
      }
    }
    for (size_t k = 0; k < maps.size(); ++k) {
      maps[k] = masked(std::move(maps[k]), mask(state, static_cast<int>(k)));
      for (int64_t i = 0; i < outside.size(); ++i) maps[k][i] += outside[i];
    }
  }
  for (size_t k = 0; k < maps.size(); ++k) {
    const Aligner* aligner = add(std::move(maps[k]), static_cast<int>(k), state);
    std::fill(serving_[k].begin() + first_fold, serving_[k].begin() + last_fold, aligner);
  }
}

void ReferenceSet::clear() {
  serving_.clear();
  made_.clear();
  spectra_.clear();
  maps_.clear();
  class_of_.clear();
}

std::vector<std::vector<HalfSpectrum>> ReferenceSet::models() const {
  std::vector<std::vector<HalfSpectrum>> out(serving_.size());
  for (size_t i = 0; i < maps_.size(); ++i) out[class_of_[i]].push_back(centred_spectrum(maps_[i]));
  return out;
}

void ReferenceSet::build(const std::vector<FoldSums>& sums, const std::vector<Resolution>& resolution,
                         const AverageState& state, bool leave_out, ExecContext& context, const CommonMean* mean) {
  prepare_search(state, context);
  clear();
  const int64_t join = join_shell(stack_, options_);
  const int folds = static_cast<int>(sums[0].folds.size());
  serving_.assign(sums.size(), std::vector<const Aligner*>(folds));
  for (int f = 0; f < (leave_out ? folds : 1); ++f) {
    const auto solved = [&](const FoldSums& one, const std::vector<double>& ridge, const HalfSpectrum* about) {
      return leave_out ? fold_reference(one, f, ridge, join, state.band_limit, about)
                       : solve(one.all(), ridge, state.band_limit, about);
    };
    HalfSpectrum about;
    if (mean) about = solved(mean->sums, mean->resolution.ridge, nullptr);
    std::vector<Volume<float>> maps;
    for (size_t k = 0; k < sums.size(); ++k)
      maps.push_back(centred_volume(mean ? solved(sums[k], mean->ridge[k], &about)
                                         : solved(sums[k], resolution[k].ridge, nullptr)));
    add_classes(std::move(maps), f, leave_out ? f + 1 : folds, state);
  }
}

void ReferenceSet::build(const std::vector<Volume<float>>& maps, const AverageState& state, int folds,
                         ExecContext& context) {
  prepare_search(state, context);
  clear();
  serving_.assign(maps.size(), std::vector<const Aligner*>(folds));
  add_classes(maps, 0, folds, state);
}

}  // namespace tessera
