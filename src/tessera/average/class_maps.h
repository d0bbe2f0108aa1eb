// SPDX-License-Identifier: GPL-3.0-or-later
// What the poses of a state give: the sums of its classes, their resolution and their maps.
#pragma once

#include "tessera/average/class_symmetry.h"
#include "tessera/average/judged_maps.h"
#include "tessera/average/options.h"
#include "tessera/average/state.h"

namespace tessera {

class ClassMaps {
 public:
  // Everything must outlive this. given_mask: empty for a soft sphere of each class's own radius. Of the state, what is
  // known of the symmetry of classes is brought up to date.
  ClassMaps(const ParticleStack& stack, const AverageOptions& options, const std::vector<int>& fold_of,
            const ClassSymmetry& symmetry, const Volume<float>& given_mask, AverageState& state, ExecContext& context);

  // Sums over the particles, to `shells`; those of classes whose group is imposed are made symmetric. Returns the
  // seconds that the particles took.
  double sum(int64_t shells);
  // Resolution and maps from the sums; of one class.
  void measure();
  void measure(int k);

  const std::vector<FoldSums>& sums() const { return sums_; }
  const FoldSums& sums(int k) const { return sums_[k]; }
  // As the next references are made from them, imputed and held alike: the resolution is judged on what was observed,
  // each class alone.
  const std::vector<FoldSums>& completed() const { return completed_.empty() ? sums_ : completed_; }
  const std::vector<Resolution>& resolutions() const { return resolution_; }
  const Resolution& resolution(int k) const { return resolution_[k]; }
  std::vector<AverageMaps>& maps() { return maps_; }
  const std::vector<AverageMaps>& maps() const { return maps_; }
  AverageMaps& map(int k) { return maps_[k]; }
  const AverageMaps& map(int k) const { return maps_[k]; }
  Volume<float> mask(int k) const;

  // Class k becomes class number[k].
  void renumber(const std::vector<int>& number);

 private:
  void symmetrise_class(int k);
  void complete(int64_t shells);
  void impute_all(int64_t shells);
  float largest_square_weight() const;

  const ParticleStack& stack_;
  const AverageOptions& options_;
  const std::vector<int>& fold_of_;
  const ClassSymmetry& symmetry_;
  const Volume<float>& given_mask_;
  AverageState& state_;
  ExecContext& context_;
  std::vector<FoldSums> sums_, completed_;
  std::vector<Resolution> resolution_;
  std::vector<AverageMaps> maps_;
};

// What is kept for each class, renumbered; nothing where nothing is kept.
template <typename T>
void renumber_classes(std::vector<T>& of_classes, const std::vector<int>& number) {
  if (of_classes.empty()) return;
  std::vector<T> out(of_classes.size());
  for (size_t k = 0; k < out.size(); ++k) out[number[k]] = std::move(of_classes[k]);
  of_classes = std::move(out);
}

}  // namespace tessera
