// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/class_maps.h"

#include <algorithm>

#include "tessera/average/imputation.h"
#include "tessera/average/similarity.h"
#include "tessera/average/start.h"
#include "tessera/base/stopwatch.h"
#include "tessera/volume/masks.h"

namespace tessera {

ClassMaps::ClassMaps(const ParticleStack& stack, const AverageOptions& options, const std::vector<int>& fold_of,
                     const ClassSymmetry& symmetry, const Volume<float>& given_mask, AverageState& state,
                     ExecContext& context)
    : stack_(stack),
      options_(options),
      fold_of_(fold_of),
      symmetry_(symmetry),
      given_mask_(given_mask),
      state_(state),
      context_(context) {}

Volume<float> ClassMaps::mask(int k) const {
  return given_mask_.empty() ? soft_sphere(Shape3::cube(stack_.box()), state_.classes[k].mask_radius, 3) : given_mask_;
}

double ClassMaps::sum(int64_t shells) {
  const Stopwatch watch;
  sums_ = accumulate(stack_, poses_of(state_.assignments), fold_of_, fold_count(stack_.count(), options_),
                     options_.classes, shells, context_);
  const double seconds = watch.seconds();
  for (int k = 0; k < options_.classes; ++k) symmetrise_class(k);
  complete(shells);
  return seconds;
}

void ClassMaps::symmetrise_class(int k) {
  std::optional<SymmetryStatus>& status = state_.classes[k].symmetry;
  if (!status || !status->imposed) return;
  const Volume<float> inside = mask(k);
  const Resolution resolution = measure_resolution(sums_[k], inside, options_.wiener, options_.model.ridge_share());
  const SymmetryStatus now = judge_symmetry(sums_[k], resolution, inside, symmetry_.group(k));
  status->score = now.score;
  status->agreement = now.agreement;
  if (status->first_agreement == 0) status->first_agreement = now.agreement;
  symmetrise(sums_[k], symmetry_.group(k), context_);
}

void ClassMaps::measure() {
  resolution_.assign(options_.classes, {});
  maps_.resize(options_.classes);
  for (int k = 0; k < options_.classes; ++k) measure(k);
}

void ClassMaps::measure(int k) {
  resolution_[k] = measure_resolution(sums_[k], mask(k), options_.wiener, options_.model.ridge_share());
  maps_[k] = maps_of(sums_[k], completed()[k], resolution_[k], stack_);
}

void ClassMaps::complete(int64_t shells) {
  completed_.clear();
  const double alike =
      annealed_strength(options_.model.similarity, options_.model.similarity_iterations, state_.iteration);
  if (state_.references.empty() && !(alike > 0)) return;
  completed_ = sums_;
  if (!state_.references.empty()) impute_all(shells);
  hold_alike(completed_, alike);
}

void ClassMaps::impute_all(int64_t shells) {
  const int folds = fold_count(stack_.count(), options_);
  std::vector<std::vector<double>> total(options_.classes, std::vector<double>(folds));
  for (int64_t i = 0; i < stack_.count(); ++i)
    for (const WeightedPose& p : state_.assignments[i].poses) total[p.class_index][fold_of_[i]] += p.probability;
  const double largest = largest_square_weight();
  for (int k = 0; k < options_.classes; ++k)
    for (int f = 0; f < folds; ++f) {
      const auto& models = state_.references[k];
      if (models.empty()) continue;
      impute(completed_[k].folds[f], total[k][f], largest, models[models.size() > 1 ? f : 0], shells);
    }
}

float ClassMaps::largest_square_weight() const {
  float largest = 0;
  for (const FourierWeight* weight : stack_.weights())
    for (const float h : weight->half()) largest = std::max(largest, h * h);
  return largest;
}

void ClassMaps::renumber(const std::vector<int>& number) {
  renumber_classes(sums_, number);
  renumber_classes(completed_, number);
  renumber_classes(resolution_, number);
  renumber_classes(maps_, number);
}

}  // namespace tessera
